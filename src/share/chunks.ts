// The arithmetic of chunks, and whether two hashes are one. Chunk `i` is bytes `i * chunkBytes` up to the next multiple or
// the end of the file; a file of 0 bytes has none.

export const chunkCount = (bytes: number, chunkBytes: number): number => Math.ceil(bytes / chunkBytes);

/** Length of chunk `chunk` in bytes; 0 if the file has no such chunk. */
export function chunkLength(bytes: number, chunkBytes: number, chunk: number): number {
  if (!Number.isSafeInteger(chunk) || chunk < 0) return 0;
  return Math.max(0, Math.min(chunkBytes, bytes - chunk * chunkBytes));
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
