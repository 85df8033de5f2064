/** The networks to choose from: the site's networks, and the user's own files. */

import { sha256 } from "./checksum";
import { PlainError } from "./errors";
import { readManifest, type Manifest } from "./manifest";
import { readIndex, versioned } from "./model_index";
import type { Pixels } from "./pixels";

const FOLDER = "models/";

/** A network in the list. */
export interface Listed {
  /** Name of the manifest's file; unique in the list. */
  id: string;
  label: string;
  load(): Promise<LoadedModel>;
}

/** Everything that a worker needs to run and check a network. */
export interface LoadedModel {
  id: string;
  manifest: Manifest;
  content: Uint8Array<ArrayBuffer>;
  sample: SamplePictures | null;
}

/** The sample picture, its thumbnail, and the network's expected result. */
export interface SamplePictures {
  image: Pixels;
  thumbnail: Pixels | null;
  expected: Pixels;
}

/** Reads one file of a network; returns null if the file is missing. */
type FileReader = (name: string) => Promise<Blob | null>;

/** Return the networks in the site's `models/index.json`. */
export async function offeredModels(): Promise<Listed[]> {
  const index = await fetched("index.json");
  if (!index) {
    return [];
  }
  try {
    const { models } = readIndex(JSON.parse(await index.text()));
    return models.map(({ manifest, label, files }) => ({
      id: manifest,
      label,
      load: () => loadModel(manifest, async (name) => fetched(versioned(name, files))),
    }));
  } catch {
    return [];
  }
}

/**
 * Return a network from the user's own files: a `.tflite` file, its manifest, and optionally the sample
 * pictures.
 *
 * @throws PlainError if one of the first two is missing, or if the files do not belong together.
 */
export async function droppedModel(files: File[]): Promise<Listed> {
  const byName = new Map(files.map((file) => [file.name, file]));
  const named = (end: string) => files.filter((file) => file.name.toLowerCase().endsWith(end));
  const manifests = named(".json");
  const networks = named(".tflite");
  if (networks.length === 0) {
    throw new PlainError("This is a manifest without its network. Choose the .tflite and the .json file together.");
  }
  if (manifests.length === 0) {
    throw new PlainError(
      "The manifest is missing. Choose the .tflite file together with the .json file that the export wrote beside it.",
    );
  }
  if (manifests.length > 1 || networks.length > 1) {
    throw new PlainError("Choose one network at a time: one .tflite file and its .json file.");
  }
  const name = manifests[0].name;
  const model = await loadModel(name, async (wanted) => byName.get(wanted) ?? null);
  const label = `${model.manifest.file.replace(/\.tflite$/, "")} (yours)`;
  return { id: `own:${name}`, label, load: async () => model };
}

async function loadModel(id: string, read: FileReader): Promise<LoadedModel> {
  const text = await read(id);
  if (!text) {
    throw new PlainError(`The page could not load ${id}. Is this device offline?`);
  }
  const manifest = readManifest(await text.text(), id);
  const file = await read(manifest.file);
  if (!file) {
    throw new PlainError(`${id} belongs to ${manifest.file}, which is missing. Choose both files together.`);
  }
  const content = new Uint8Array(await file.arrayBuffer());
  await checkSum(content, manifest);
  return { id, manifest, content, sample: await samplePictures(manifest, read) };
}

/** Check that the manifest describes exactly this file. */
async function checkSum(content: Uint8Array<ArrayBuffer>, manifest: Manifest): Promise<void> {
  const isModel = new TextDecoder("latin1").decode(content.subarray(4, 8)) === "TFL3";
  if (!isModel) {
    throw new PlainError(`${manifest.file} is not a .tflite network.`);
  }
  if (!manifest.sha256 || !crypto.subtle) { // Web Crypto exists only in secure contexts
    return;
  }
  if ((await sha256(content)) !== manifest.sha256) {
    throw new PlainError(`The manifest belongs to another version of ${manifest.file}: the checksums differ. Choose the .json file of the same export.`);
  }
}

async function samplePictures({ sample, tile, thumbnail }: Manifest, read: FileReader): Promise<SamplePictures | null> {
  if (!sample || (thumbnail && !sample.thumbnail)) {
    return null;
  }
  const names = [sample.image, sample.expected, ...(thumbnail ? [sample.thumbnail!] : [])];
  const files = await Promise.all(names.map(read));
  if (files.includes(null)) {
    return null;
  }
  const pictures = await Promise.all(files.map((file) => exactPixels(file!).catch(() => null)));
  [tile, tile, thumbnail].forEach((side, i) => {
    const picture = pictures[i];
    if (side && (picture?.width !== side || picture.height !== side)) {
      throw new PlainError(`${names[i]} is not the sample picture that the manifest describes.`);
    }
  });
  const [image, expected, small] = pictures as Pixels[];
  return { image, expected, thumbnail: small ?? null };
}

/** Return a picture's bytes as the file has them, without conversion to the screen's colors. */
async function exactPixels(file: Blob): Promise<Pixels> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

async function fetched(name: string): Promise<Blob | null> {
  // Asks the server again: during an upload, an old file may have arrived under a new file's address.
  const response = await fetch(FOLDER + name, { cache: "no-cache" }).catch(() => null);
  return response?.ok ? response.blob().catch(() => null) : null; // the download may break off
}
