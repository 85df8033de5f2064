/** The list of networks that `export/demos.py` writes. */

export interface Index {
  models: { manifest: string; label: string; files: Files }[];
}

/** What belongs to a network: names of files, each with a checksum of its content. */
export type Files = Record<string, string>;

/** @throws where it is something else: some hosts answer with content of their own where a file is missing. */
export function readIndex(json: any): Index {
  if (!Array.isArray(json?.models)) {
    throw new Error("not a list of networks");
  }
  return json;
}

/** The address of the very content that the list means, so that two exports never mix. */
export function versioned(name: string, files: Files): string {
  return `${encodeURIComponent(name)}?${files[name]}`;
}
