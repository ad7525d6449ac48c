// A screen of memory for windows that a test really opens (Xvfb), and pictures of what is on it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

const XVFB = '/usr/bin/Xvfb';

/** Why tests with windows do not run here, to be added to their name; undefined if they do. */
export const NO_XVFB: string | undefined = existsSync(XVFB) ? undefined : `: skipped, there is no ${XVFB}`;

export interface Screen {
  /** For the variable DISPLAY, such as `:99`. */
  readonly display: string;
  /** Writes what the screen shows now to `path`, a PNG. */
  picture(path: string): Promise<void>;
  stop(): Promise<void>;
}

export const SCREEN = { width: 1_280, height: 900 } as const;

export async function startScreen(): Promise<Screen> {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-screen-'));
  const size = `${SCREEN.width}x${SCREEN.height}x24`;
  const args = ['-displayfd', '3', '-screen', '0', size, '-nolisten', 'tcp', '-fbdir', folder];
  const child = spawn(XVFB, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const number = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
    child.stdio[3]?.once('data', (bytes: Buffer) => resolve(bytes.toString('utf8').trim()));
  });
  return {
    display: `:${number}`,
    picture: async (path) => writeFile(path, pngOf(await readFile(join(folder, 'Xvfb_screen0')))),
    stop: async () => {
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A PNG of an X window dump: [header of u32 BE][colours of 12 bytes][rows of B G R x], as Xvfb keeps a screen of 24 bits. */
function pngOf(dump: Buffer): Buffer {
  const field = (index: number): number => dump.readUInt32BE(index * 4);
  const [start, width, height, stride] = [field(0) + field(19) * 12, field(4), field(5), field(12)];
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0, to = 0; y < height; y += 1) {
    to += 1; // This row's filter: none.
    for (let x = 0, from = start + y * stride; x < width; x += 1, from += 4) {
      for (const part of [2, 1, 0]) {
        rows[to] = dump[from + part] ?? 0;
        to += 1;
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // Eight bits each of red, green and blue.
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND')]);
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'ascii'), data]);
  const framed = Buffer.alloc(content.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(content, 4);
  framed.writeUInt32BE(crc32(content), content.length + 4);
  return framed;
}
