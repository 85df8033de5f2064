/** The camera's EXIF data (date, camera, place), copied from the original JPEG to the saved JPEG. */

const HEAD = 2 ** 18; // bytes at the start of a file that contain the EXIF segment of at most 64 KB
const ORIENTATION = 0x0112;

/**
 * Return the EXIF segment of a JPEG, changed for the upright photo: the orientation becomes "upright",
 * and the small preview of the original is left out.
 *
 * @returns the whole APP1 segment with its marker, or null if there is no readable segment.
 */
export async function uprightExif(photo: Blob): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = new Uint8Array(await photo.slice(0, HEAD).arrayBuffer());
  const segment = findExif(bytes);
  try {
    return segment && uprighted(segment);
  } catch (error) {
    if (error instanceof RangeError) { // offsets beyond the end of the segment
      return null;
    }
    throw error;
  }
}

/** Return a JPEG with the segment inserted right after its start marker. */
export function withExif(jpeg: Blob, segment: Uint8Array<ArrayBuffer> | null): Blob {
  return segment ? new Blob([jpeg.slice(0, 2), segment, jpeg.slice(2)], { type: jpeg.type }) : jpeg;
}

function findExif(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) {
    return null;
  }
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda; ) {
    const end = at + 2 + bytes[at + 2] * 256 + bytes[at + 3];
    const isExif = bytes[at + 1] === 0xe1 && String.fromCharCode(...bytes.subarray(at + 4, at + 10)) === "Exif\0\0";
    if (isExif) {
      return end <= bytes.length ? bytes.slice(at, end) : null;
    }
    at = end;
  }
  return null;
}

function uprighted(segment: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  const tiff = new DataView(segment.buffer, 10);
  const little = tiff.getUint16(0) === 0x4949;
  if ((!little && tiff.getUint16(0) !== 0x4d4d) || tiff.getUint16(2, little) !== 42) {
    return null;
  }
  const first = tiff.getUint32(4, little);
  const count = tiff.getUint16(first, little);
  for (let entry = first + 2; entry < first + 2 + 12 * count; entry += 12) {
    if (tiff.getUint16(entry, little) === ORIENTATION) {
      tiff.setUint16(entry + 8, 1, little);
    }
  }
  tiff.setUint32(first + 2 + 12 * count, 0, little); // no second directory, which describes the preview
  return segment;
}
