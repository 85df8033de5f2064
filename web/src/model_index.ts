/** The list of networks that `export/demos.py` writes. */

export interface Index {
  models: { manifest: string; label: string; files: Files }[];
}

/** The files of one network: names, each with a checksum of the content. */
export type Files = Record<string, string>;

/** @throws if the JSON is not a list of networks: some hosts send a page of their own for a missing file. */
export function readIndex(json: any): Index {
  if (!Array.isArray(json?.models)) {
    throw new Error("not a list of networks");
  }
  return json;
}

/** Return the address of exactly the listed content, so that two exports never mix. */
export function versioned(name: string, files: Files): string {
  return `${encodeURIComponent(name)}?${files[name]}`;
}
