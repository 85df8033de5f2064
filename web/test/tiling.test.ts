/** Tests of the plan against test vectors that Python wrote. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { planAxis, sources, type Span } from "../src/tiling";

const vectors = JSON.parse(readFileSync("../docs/tiling_vectors.json", "utf8"));
const listed = ({ start, size, keptStart, keptEnd }: Span) => [start, size, keptStart, keptEnd - keptStart];

test("plans of whole photos", () => {
  assert.ok(vectors.plans.length > 10);
  for (const plan of vectors.plans) {
    const tiles = planAxis(plan.height, plan).flatMap((row) =>
      planAxis(plan.width, plan).map((column) => {
        const [y, height, outY, outHeight] = listed(row);
        const [x, width, outX, outWidth] = listed(column);
        return [y, x, height, width, outY, outX, outHeight, outWidth];
      }));
    assert.deepEqual(tiles, plan.tiles);
  }
});

test("axes of photos up to 108 megapixels", () => {
  assert.ok(vectors.axes.length > 10);
  for (const axis of vectors.axes) {
    const spans = planAxis(axis.length, axis).map(listed);
    assert.equal(spans.length, axis.count);
    assert.deepEqual(spans.slice(0, axis.first.length), axis.first);
    assert.deepEqual(spans.slice(-axis.last.length), axis.last);
  }
});

test("impossible plans", () => {
  for (const { length, ...needs } of vectors.refused) {
    assert.throws(() => planAxis(length, { multiple: 1, ...needs }), RangeError);
  }
  assert.throws(() => planAxis(100, { tile: 64, halo: 3, multiple: 2 }), RangeError);
});

test("a photo smaller than its tile is mirrored, edge pixels included", () => {
  const [span] = planAxis(3, { tile: 8, halo: 1, multiple: 1 });
  assert.deepEqual([...sources(span, 3, 8)], [0, 1, 2, 2, 1, 0, 0, 1]);
});

test("an odd photo repeats its last pixel up to the multiple", () => {
  const [small] = planAxis(3, { tile: 8, halo: 2, multiple: 2 });
  assert.deepEqual([...sources(small, 3, 8)], [0, 1, 2, 2, 2, 2, 1, 0]);
  const last = planAxis(13, { tile: 8, halo: 2, multiple: 2 }).at(-1)!;
  assert.deepEqual([...sources(last, 13, 8)], [6, 7, 8, 9, 10, 11, 12, 12]);
});
