/** The manifest that `export/to_tflite.py` writes beside each `.tflite` file (docs/deploy.md). */

import { PlainError } from "./errors";
import type { TileNeeds } from "./tiling";

/** The entries of a manifest that the page needs. */
export interface Manifest extends TileNeeds {
  /** Name of the `.tflite` file. */
  file: string;
  /** Hexadecimal SHA-256 of the file, or null. */
  sha256: string | null;
  precision: string;
  dtype: "float32" | "uint8";
  /** Side of the network's thumbnail input, pixels, or null. */
  thumbnail: number | null;
  /** The sample picture, or null. */
  sample: Sample | null;
}

/** Names of the sample pictures; `levels` is the allowed difference to `expected`, of 255. */
export interface Sample {
  image: string;
  thumbnail: string | null;
  expected: string;
  levels: number;
}

/**
 * Read a manifest.
 *
 * @param name of the manifest's file, for messages.
 * @throws PlainError if the text is no manifest, or if the page cannot run the network.
 */
export function readManifest(text: string, name: string): Manifest {
  let json: any;
  try {
    json = JSON.parse(text);
  } catch {
    throw new PlainError(`${name} is not a manifest: the file is not JSON.`);
  }
  if (!json || typeof json.file !== "string" || !json.input || !json.output) {
    throw new PlainError(`${name} is not a manifest. Choose the .json file that the export wrote beside the .tflite file.`);
  }
  const known = ["batch", "none", "thumbnail"];
  if (json.norm === "instance" || json.stages) {
    throw new PlainError(`${json.file} uses instance norm, which needs the whole photo at once; this page works in tiles. Choose a network without instance norm.`);
  }
  if (!known.includes(json.norm)) {
    throw new PlainError(`${name}: norm is “${json.norm}”, expected ${known.join(", ")}.`);
  }
  if (json.tile === null) {
    throw new PlainError(`${json.file} takes images of any size, but a browser needs fixed tiles. Choose the file for 256×256.`);
  }
  const halo = json.halo ?? NaN;
  const multiple = json.multiple ?? 1;
  const counts = [json.tile, halo, multiple, json.thumbnail ?? 1];
  if (!counts.every((count) => Number.isInteger(count) && count >= 0) || json.tile <= 2 * halo || multiple < 1
    || json.tile % multiple || halo % multiple) {
    throw new PlainError(`${name}: tile, halo and multiple do not fit together. Export the network again.`);
  }
  const dtype = json.input.dtype;
  if (!["float32", "uint8"].includes(dtype) || json.output.dtype !== dtype) {
    throw new PlainError(`${json.file} takes ${dtype} and returns ${json.output.dtype}. This page runs float32 and uint8 networks only.`);
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
