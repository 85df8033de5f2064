/** Tests of the plan against test vectors that Python wrote. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { planAxis, sources, type Span } from "../src/tiling";

const vectors = JSON.parse(readFileSync("../docs/tiling_vectors.json", "utf8"));
const listed = ({ start, keptStart, keptEnd }: Span, tile: number) => [start, tile, keptStart, keptEnd - keptStart];

test("plans of whole photos", () => {
  assert.ok(vectors.plans.length > 10);
  for (const plan of vectors.plans) {
    const tiles = planAxis(plan.height, plan).flatMap((row) =>
      planAxis(plan.width, plan).map((column) => {
        const [y, height, outY, outHeight] = listed(row, plan.tile);
        const [x, width, outX, outWidth] = listed(column, plan.tile);
        return [y, x, height, width, outY, outX, outHeight, outWidth];
      }));
    assert.deepEqual(tiles, plan.tiles);
  }
});

test("axes of photos up to 108 megapixels", () => {
  assert.ok(vectors.axes.length > 10);
  for (const axis of vectors.axes) {
    const spans = planAxis(axis.length, axis).map((span) => listed(span, axis.tile));
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

test("a photo smaller than its tile is continued on both sides", () => {
  const needs = { tile: 8, halo: 2, multiple: 2 };
  assert.deepEqual(planAxis(3, needs).map((span) => [...sources(span, 3, 8)]), [[0, 0, 0, 1, 2, 2, 2, 2]]);
  assert.deepEqual(planAxis(1, needs).map((span) => [...sources(span, 1, 8)]), [Array(8).fill(0)]);
});

test("the first and the last tile of a larger photo are continued", () => {
  const spans = planAxis(9, { tile: 8, halo: 2, multiple: 2 });
  assert.deepEqual(spans.map((span) => [...sources(span, 9, 8)]), [
    [0, 0, 0, 1, 2, 3, 4, 5],
    [2, 3, 4, 5, 6, 7, 8, 8],
    [6, 7, 8, 8, 8, 8, 8, 8],
  ]);
});
