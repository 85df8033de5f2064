/** Networks to choose from: those that the site offers, and files from the person's own disk. */

import { sha256 } from "./checksum";
import { PlainError } from "./errors";
import { readManifest, type Manifest } from "./manifest";
import { readIndex, versioned } from "./model_index";
import type { Pixels } from "./pixels";

const FOLDER = "models/";

/** A network as it is listed. */
export interface Listed {
  /** Name of the manifest's file; unique in the list. */
  id: string;
  label: string;
  load(): Promise<LoadedModel>;
}

/** All that a worker needs to run a network, and to see that it runs right. */
export interface LoadedModel {
  id: string;
  manifest: Manifest;
  content: Uint8Array<ArrayBuffer>;
  sample: SamplePictures | null;
}

/** The sample picture, what goes with it, and what the network makes of it. */
export interface SamplePictures {
  image: Pixels;
  thumbnail: Pixels | null;
  expected: Pixels;
}

/** Reads one of the files that belong together; null where there is none. */
type FileReader = (name: string) => Promise<Blob | null>;

/** The networks in the site's `models/index.json`. */
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
 * A network from the person's own files: a `.tflite`, its manifest, and if they like the sample
 * pictures.
 *
 * @throws PlainError where one of the two is missing, or they do not belong together.
 */
export async function droppedModel(files: File[]): Promise<Listed> {
  const byName = new Map(files.map((file) => [file.name, file]));
  const named = (end: string) => files.filter((file) => file.name.toLowerCase().endsWith(end));
  const manifests = named(".json");
  const networks = named(".tflite");
  if (networks.length === 0) {
    throw new PlainError("That is a manifest without its network. Choose the .tflite and the .json together.");
  }
  if (manifests.length === 0) {
    throw new PlainError(
      "The manifest is missing. Choose the .tflite and the .json that the export wrote beside it together.",
    );
  }
  if (manifests.length > 1 || networks.length > 1) {
    throw new PlainError("Choose one network at a time: one .tflite and its .json.");
  }
  const name = manifests[0].name;
  const model = await loadModel(name, async (wanted) => byName.get(wanted) ?? null);
  const label = `${model.manifest.file.replace(/\.tflite$/, "")} (yours)`;
  return { id: `own:${name}`, label, load: async () => model };
}

async function loadModel(id: string, read: FileReader): Promise<LoadedModel> {
  const text = await read(id);
  if (!text) {
    throw new PlainError(`${id} could not be loaded. Is this device offline?`);
  }
  const manifest = readManifest(await text.text(), id);
  const file = await read(manifest.file);
  if (!file) {
    throw new PlainError(`${id} is the manifest of ${manifest.file}, which is not there.`);
  }
  const content = new Uint8Array(await file.arrayBuffer());
  await checkSum(content, manifest);
  return { id, manifest, content, sample: await samplePictures(manifest, read) };
}

/** Refuse a file that is not the one the manifest describes. */
async function checkSum(content: Uint8Array<ArrayBuffer>, manifest: Manifest): Promise<void> {
  const isModel = new TextDecoder("latin1").decode(content.subarray(4, 8)) === "TFL3";
  if (!isModel) {
    throw new PlainError(`${manifest.file} is not a .tflite network.`);
  }
  if (!manifest.sha256 || !crypto.subtle) { // no Web Crypto outside of secure contexts
    return;
  }
  if ((await sha256(content)) !== manifest.sha256) {
    throw new PlainError(`The manifest describes another ${manifest.file} than this one: the checksums differ.`);
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

/** A picture's bytes as they are in the file, whatever the screen's colours. */
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
  // Asks again: while networks are being put on a host, an old file may have come under a new one's address.
  const response = await fetch(FOLDER + name, { cache: "no-cache" }).catch(() => null);
  return response?.ok ? response.blob().catch(() => null) : null; // it may break off
}
