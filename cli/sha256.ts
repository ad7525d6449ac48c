// SHA-256 of a file on disk, read as a stream: the check that owes nothing to the protocol.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

const READ_BYTES = 256 * 1024;

/** Hex digest of the file at `path`. Rejects with the file system's error. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: READ_BYTES })) hash.update(piece as Uint8Array);
  return hash.digest('hex');
}
