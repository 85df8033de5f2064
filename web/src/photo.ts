/** Reads photos from files, and writes results as JPEGs. */

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
 * Decode a photo, and turn it upright by its EXIF orientation.
 *
 * @throws PlainError if the browser cannot open the file.
 */
export async function openPhoto(file: File): Promise<Photo> {
  if (file.size === 0) {
    throw new PlainError(`${file.name} is empty. Choose another photo.`);
  }
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => {
    if (/\.hei[cf]$/i.test(file.name)) {
      throw new PlainError(`This browser cannot open HEIC photos. Save ${file.name} as a JPEG first.`);
    }
    throw new PlainError(`${file.name} is not a photo that this browser can open. JPEG, PNG and WebP work.`);
  });
  return { name: file.name, bitmap, exif: await uprightExif(file) };
}

/** The enhanced photo, which is put together from parts. */
export class Result {
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;

  /** @throws PlainError if the browser has no canvas of the photo's size. */
  constructor(private readonly photo: Photo) {
    const { width, height } = photo.bitmap;
    this.canvas = document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!context || !works(context, width, height)) {
      throw new PlainError(`This browser cannot hold a photo of ${width}×${height} pixels. Reduce the size of the photo first.`);
    }
    this.context = context;
  }

  /** Put a part in its place. */
  add(part: Finished): void {
    this.context.putImageData(new ImageData(part.data, part.width, part.height), part.x, part.y);
  }

  /** The canvas with all parts so far. */
  get source(): HTMLCanvasElement {
    return this.canvas;
  }

  /** Return the finished photo for the screen. */
  async bitmap(): Promise<ImageBitmap> {
    return createImageBitmap(this.canvas);
  }

  /** Return the finished photo as a JPEG with the original's EXIF data. */
  async jpeg(): Promise<File> {
    const blob = await new Promise<Blob | null>((resolve) => this.canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (!blob) {
      throw new PlainError("This browser could not write the JPEG. It may be out of memory: close other tabs, and try again.");
    }
    const name = this.photo.name.replace(/\.[^.]*$/, "") + "_enhanced.jpg";
    return new File([withExif(blob, this.photo.exif)], name, { type: "image/jpeg" });
  }

  /** Free the memory. */
  close(): void {
    this.canvas.width = this.canvas.height = 0;
  }
}

/** Return whether a canvas can be drawn on. On too large ones, browsers draw nothing or throw. */
function works(context: CanvasRenderingContext2D, width: number, height: number): boolean {
  try {
    context.fillRect(width - 1, height - 1, 1, 1);
    return context.getImageData(width - 1, height - 1, 1, 1).data[3] === 255;
  } catch {
    return false;
  }
}
