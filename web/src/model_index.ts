/** The list of networks that `export/demos.py` writes. */

export interface Index {
  models: { manifest: string; label: string; files: Files }[];
}

/** What belongs to a network: names of files, each with a checksum of its content. */
export type Files = Record<string, string>;

/** The address of the very content that the list means, so that two exports never mix. */
export function versioned(name: string, files: Files): string {
  return `${encodeURIComponent(name)}?${files[name]}`;
}
