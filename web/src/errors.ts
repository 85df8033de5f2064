/** Something that went wrong in a way that the person can be told: a plain sentence. */
export class PlainError extends Error {
  override name = "PlainError";
}

/** The person stopped the work; not a failure. */
export class Cancelled extends Error {
  override name = "Cancelled";
}

/** A sentence for whatever was thrown. */
export function sentenceFor(error: unknown): string {
  if (error instanceof PlainError) {
    return error.message;
  }
  const detail = error instanceof Error ? error.message : String(error);
  return `Something went wrong: ${detail}`;
}
