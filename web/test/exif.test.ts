import assert from "node:assert/strict";
import { test } from "node:test";

import { uprightExif, withExif } from "../src/exif";

/** Return the start of a JPEG with EXIF: orientation 6, and a pointer to the preview's directory. */
function photo(little: boolean, next = 99): Blob {
  const tiff = new DataView(new ArrayBuffer(8 + 2 + 12 + 4));
  tiff.setUint16(0, little ? 0x4949 : 0x4d4d);
  tiff.setUint16(2, 42, little);
  tiff.setUint32(4, 8, little);
  tiff.setUint16(8, 1, little);
  tiff.setUint16(10, 0x0112, little);
  tiff.setUint16(12, 3, little);
  tiff.setUint32(14, 1, little);
  tiff.setUint16(18, 6, little);
  tiff.setUint32(22, next, little);
  const size = 2 + 6 + tiff.byteLength;
  const head = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xe1, size >> 8, size & 255, ...Buffer.from("Exif\0\0")];
  return new Blob([Uint8Array.from(head), tiff, Uint8Array.of(0xff, 0xda)]);
}

for (const little of [true, false]) {
  test(`the orientation becomes upright and the preview is left out, ${little ? "Intel" : "Motorola"} order`, async () => {
    const segment = (await uprightExif(photo(little)))!;
    const tiff = new DataView(segment.buffer, segment.byteOffset + 10);
    assert.equal(segment[1], 0xe1);
    assert.equal(tiff.getUint16(18, little), 1);
    assert.equal(tiff.getUint32(22, little), 0);
  });
}

test("files without EXIF, or with offsets beyond its end, give no segment", async () => {
  assert.equal(await uprightExif(new Blob([Uint8Array.of(0xff, 0xd8, 0xff, 0xda, 0, 0, 0, 0, 0, 0, 0, 0)])), null);
  assert.equal(await uprightExif(new Blob(["PNG or what not"])), null);
  const broken = new Uint8Array(await photo(true).arrayBuffer());
  broken[8 + 2 + 2 + 6 + 4 + 3] = 0x7f; // the first directory's place
  assert.equal(await uprightExif(new Blob([broken])), null);
});

test("the segment goes right behind the JPEG's start marker", async () => {
  const segment = Uint8Array.of(0xff, 0xe1, 0, 3, 9);
  const joined = withExif(new Blob([Uint8Array.of(0xff, 0xd8, 1, 2)], { type: "image/jpeg" }), segment);
  assert.deepEqual([...new Uint8Array(await joined.arrayBuffer())], [0xff, 0xd8, ...segment, 1, 2]);
  assert.equal(joined.type, "image/jpeg");
});
