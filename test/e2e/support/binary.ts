// Real bytes to send: those of a program that is here anyway.
import { copyFile, open, stat, truncate } from 'node:fs/promises';
import { findChromium } from '../../../desktop/windows/find-chromium.mjs';

/** Where distributions keep the program that a small start script in the PATH runs. */
const PROGRAMS = ['/usr/lib/chromium/chromium', '/opt/google/chrome/chrome', findChromium() ?? '', process.execPath];

/** Writes the first `bytes` bytes of the browser's program to `path`; what is missing at the end of a smaller one repeats it. */
export async function writeBinary(path: string, bytes: number): Promise<void> {
  const program = await largest(PROGRAMS);
  await copyFile(program.path, path);
  if (program.bytes >= bytes) return truncate(path, bytes);
  const file = await open(path, 'r+');
  try {
    const block = new Uint8Array(1024 * 1024);
    for (let at = program.bytes; at < bytes;) {
      const { bytesRead } = await file.read(block, 0, Math.min(block.length, bytes - at), at - program.bytes);
      await file.write(block, 0, bytesRead, at);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function largest(paths: readonly string[]): Promise<{ readonly path: string; readonly bytes: number }> {
  const sizes = await Promise.all(
    paths.map(async (path) => ({ path, bytes: (await stat(path).catch(() => undefined))?.size ?? 0 })),
  );
  return sizes.reduce((best, each) => (each.bytes > best.bytes ? each : best));
}
