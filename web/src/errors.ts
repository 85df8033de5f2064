/** An error whose message is a sentence for the user. */
export class PlainError extends Error {
  override name = "PlainError";
}

/** Thrown when the user stopped the work. Not a failure. */
export class Cancelled extends Error {
  override name = "Cancelled";
}

/** Return a sentence for any thrown value. */
export function sentenceFor(error: unknown): string {
  if (error instanceof PlainError) {
    return error.message;
  }
  const detail = error instanceof Error ? error.message : String(error);
  return `Something went wrong: ${detail}`;
}
