/** Photos in from files, results out to JPEG. */

import { PlainError } from "./errors";
import { uprightExif, withExif } from "./exif";
import type { Finished } from "./protocol";

const QUALITY = 0.95;

/** A decoded photo, upright. */
export interface Photo {
  name: string;
  bitmap: ImageBitmap;
  exif: Uint8Array<ArrayBuffer> | null;
}

/**
 * Decode a photo, turned as its EXIF orientation says.
 *
 * @throws PlainError where the file is none that the browser can open.
 */
export async function openPhoto(file: File): Promise<Photo> {
  if (file.size === 0) {
    throw new PlainError(`${file.name} is empty.`);
  }
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => {
    if (/\.hei[cf]$/i.test(file.name)) {
      throw new PlainError(`This browser cannot open HEIC photos. Save ${file.name} as a JPEG first.`);
    }
    throw new PlainError(`${file.name} is not a photo that this browser can open. JPEG, PNG and WebP work.`);
  });
  return { name: file.name, bitmap, exif: await uprightExif(file) };
}

/** The photo while it is being enhanced: parts arrive one by one. */
export class Result {
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;

  /** @throws PlainError where the browser has no canvas of this size. */
  constructor(private readonly photo: Photo) {
    const { width, height } = photo.bitmap;
    this.canvas = document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!context || !works(context, width, height)) {
      throw new PlainError(`This browser cannot hold a photo of ${width}×${height} pixels. Make it smaller first.`);
    }
    this.context = context;
  }

  /** Put a part in its place. */
  add(part: Finished): void {
    this.context.putImageData(new ImageData(part.data, part.width, part.height), part.x, part.y);
  }

  /** Where to draw a part from. */
  get source(): HTMLCanvasElement {
    return this.canvas;
  }

  /** The finished photo, to look at. */
  async bitmap(): Promise<ImageBitmap> {
    return createImageBitmap(this.canvas);
  }

  /** The finished photo as a JPEG, with what the camera wrote into the original. */
  async jpeg(): Promise<File> {
    const blob = await new Promise<Blob | null>((resolve) => this.canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (!blob) {
      throw new PlainError("This browser could not write the JPEG; it may be out of memory.");
    }
    const name = this.photo.name.replace(/\.[^.]*$/, "") + "_enhanced.jpg";
    return new File([withExif(blob, this.photo.exif)], name, { type: "image/jpeg" });
  }

  /** Give the memory back. */
  close(): void {
    this.canvas.width = this.canvas.height = 0;
  }
}

/** Browsers give a canvas that is too large, and draw nothing into it, or refuse to. */
function works(context: CanvasRenderingContext2D, width: number, height: number): boolean {
  try {
    context.fillRect(width - 1, height - 1, 1, 1);
    return context.getImageData(width - 1, height - 1, 1, 1).data[3] === 255;
  } catch {
    return false;
  }
}
