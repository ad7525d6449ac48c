// What a caught value says. Judged by shape, not by class: an error may come from another realm.

/** The machine-readable code of Node's own errors, such as `EADDRINUSE`. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

export function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined;
  return typeof message === 'string' ? message : String(error);
}

/** An error's words as the end of a sentence: without a full stop. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replace(/\.$/u, '');
}
