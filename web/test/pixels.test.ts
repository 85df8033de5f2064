import assert from "node:assert/strict";
import { test } from "node:test";

import { keptPixels, readTile } from "../src/pixels";
import { Thumbnail } from "../src/thumbnail";

/** Return RGBA rows: red is `red(x, y)`, green the row, blue 7. */
function band(width: number, height: number, top: number, red: (x: number, y: number) => number) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      data.set([red(x, top + y), top + y, 7, 255], (y * width + x) * 4);
    }
  }
  return { data, width, height };
}

test("a tile is read in the order of its rows and columns, as floats and as bytes", () => {
  const photo = band(3, 2, 10, (x) => 50 * x);
  const bytes = new Uint8Array(12);
  readTile(photo, 10, Int32Array.of(11, 10), Int32Array.of(2, 0), bytes);
  assert.deepEqual([...bytes], [100, 11, 7, 0, 11, 7, 100, 10, 7, 0, 10, 7]);
  const floats = new Float32Array(12);
  readTile(photo, 10, Int32Array.of(11, 10), Int32Array.of(2, 0), floats);
  assert.deepEqual(floats, Float32Array.from([...bytes].map((byte) => Math.fround(byte / 255))));
});

test("results are clipped, rounded with halves to even, and cropped", () => {
  const values = Float32Array.of(-1, 0.5, 2, 0.5 / 255, 1.5 / 255, 2.5 / 255, 9, 9, 9, 1, 0, 1);
  assert.deepEqual([...keptPixels(values, 2, 0, 0, 2, 1)], [0, 128, 255, 255, 0, 2, 2, 255]);
  assert.deepEqual([...keptPixels(values, 2, 1, 1, 1, 1)], [255, 0, 255, 255]);
  assert.deepEqual([...keptPixels(Uint8Array.of(1, 2, 3), 1, 0, 0, 1, 1)], [1, 2, 3, 255]);
});

test("a thumbnail is the mean of each cell for all sizes of bands", () => {
  // 3×3 into 2×2: a cell is 1.5 pixels wide, the middle pixel counts half on both sides.
  const red = (x: number, y: number) => 10 * x + 90 * y;
  const axis = (a: number, b: number) => [(a + b / 2) / 1.5, (b / 2 + 2 * b) / 1.5]; // of 0, b, 2b
  const [left, right] = axis(0, 10);
  const [top, bottom] = axis(0, 90);
  for (const height of [1, 2, 3]) {
    const cells = new Thumbnail(2, 3, 3);
    for (let y = 0; y < 3; y += height) {
      cells.add(band(3, Math.min(height, 3 - y), y, red), y);
    }
    const values = cells.values("float32");
    const expected = [left + top, right + top, left + bottom, right + bottom];
    expected.forEach((mean, i) => assert.ok(Math.abs(values[3 * i] * 255 - mean) < 1e-4));
  }
});

test("a thumbnail larger than the photo repeats its pixels", () => {
  const cells = new Thumbnail(4, 2, 1);
  cells.add(band(2, 1, 0, (x) => 100 * x), 0);
  assert.deepEqual([...cells.values("uint8")].filter((_, i) => i % 3 === 0), Array(4).fill([0, 0, 100, 100]).flat());
});
