/** What the camera wrote into a JPEG (date, camera, place), carried over to the saved one. */

const HEAD = 2 ** 18; // bytes in which EXIF stands; one segment holds at most 64 KB
const ORIENTATION = 0x0112;

/**
 * The EXIF segment of a JPEG, made right for a photo that was turned upright: its orientation says
 * so, and the small preview, of the photo as it was, is left out.
 *
 * @returns the whole APP1 segment with its marker, or null where there is none that can be read.
 */
export async function uprightExif(photo: Blob): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = new Uint8Array(await photo.slice(0, HEAD).arrayBuffer());
  const segment = findExif(bytes);
  try {
    return segment && uprighted(segment);
  } catch (error) {
    if (error instanceof RangeError) { // offsets that point outside
      return null;
    }
    throw error;
  }
}

/** A JPEG with this segment right after its beginning. */
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
  tiff.setUint32(first + 2 + 12 * count, 0, little); // the preview's directory
  return segment;
}
