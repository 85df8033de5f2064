/** The manifest that `export/to_tflite.py` writes beside each `.tflite` (docs/deploy.md). */

import { PlainError } from "./errors";
import type { TileNeeds } from "./tiling";

/** What this program needs to know of a network. */
export interface Manifest extends TileNeeds {
  /** Name of the `.tflite` file. */
  file: string;
  /** Its checksum, hexadecimal, or null. */
  sha256: string | null;
  precision: string;
  dtype: "float32" | "uint8";
  /** Side of the thumbnail that the network takes, pixels, or null. */
  thumbnail: number | null;
  /** A picture, and how far from the expected one a result may be, in levels of 255; or null. */
  sample: Sample | null;
}

/** File names beside the manifest. */
export interface Sample {
  image: string;
  thumbnail: string | null;
  expected: string;
  levels: number;
}

/**
 * Read a manifest.
 *
 * @param name of its file, for messages.
 * @throws PlainError where it is none, or of a network that this program cannot run.
 */
export function readManifest(text: string, name: string): Manifest {
  let json: any;
  try {
    json = JSON.parse(text);
  } catch {
    throw new PlainError(`${name} is not a manifest: it is not JSON.`);
  }
  if (!json || typeof json.file !== "string" || !json.input || !json.output) {
    throw new PlainError(`${name} is not a manifest of a network. Take the .json that the export wrote beside the .tflite.`);
  }
  const known = ["batch", "none", "thumbnail"];
  if (json.norm === "instance" || json.stages) {
    throw new PlainError(`${json.file} normalizes by the whole photo (instance norm), which does not run in tiles here.`);
  }
  if (!known.includes(json.norm)) {
    throw new PlainError(`${name}: norm is “${json.norm}”, expected ${known.join(", ")}.`);
  }
  if (json.tile === null) {
    throw new PlainError(`${json.file} takes images of any size; a browser needs fixed tiles: take the file for 256×256.`);
  }
  const halo = json.halo ?? NaN;
  const multiple = json.multiple ?? 1;
  const counts = [json.tile, halo, multiple, json.thumbnail ?? 1];
  if (!counts.every((count) => Number.isInteger(count) && count >= 0) || json.tile <= 2 * halo || multiple < 1
    || json.tile % multiple || halo % multiple) {
    throw new PlainError(`${name}: tile, halo and multiple do not fit together.`);
  }
  const dtype = json.input.dtype;
  if (!["float32", "uint8"].includes(dtype) || json.output.dtype !== dtype) {
    throw new PlainError(`${json.file} takes ${dtype} and gives ${json.output.dtype}; this page knows float32 and uint8.`);
  }
  return {
    file: json.file,
    sha256: typeof json.sha256 === "string" ? json.sha256 : null,
    precision: String(json.precision ?? ""),
    dtype,
    tile: json.tile,
    halo,
    multiple,
    thumbnail: json.norm === "thumbnail" ? json.thumbnail : null,
    sample: readSample(json.sample),
  };
}

function readSample(json: any): Sample | null {
  if (typeof json?.image !== "string" || typeof json.expected !== "string" || !Number.isFinite(json.levels)) {
    return null;
  }
  return { image: json.image, thumbnail: json.thumbnail ?? null, expected: json.expected, levels: json.levels };
}
