// A small file server on loopback for built pages: what first-load.test.ts measures and bench/harness.ts opens.

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

/** What gains nothing from being compressed again. */
const COMPRESSED = new Set(['.woff2', '.png', '.jpg', '.webp']);

/** One answer with a body. */
export interface Transfer {
  readonly path: string;
  /** Length of the body as sent, after compression. */
  readonly bytes: number;
}

export interface StaticServer {
  /** `http://localhost:PORT`, a secure context. */
  readonly origin: string;
  /** For more than files. */
  readonly server: Server;
  /** Every body sent so far, in order. */
  readonly transfers: readonly Transfer[];
  close(): Promise<void>;
}

/** Serves the files under `folder` on a free loopback port, gzipped at zlib's default level where that helps. */
export async function serveStatic(folder: string): Promise<StaticServer> {
  const transfers: Transfer[] = [];
  const server = createServer((request, response) => {
    const send = (bytes: Uint8Array): void => {
      transfers.push({ path: pathname, bytes: bytes.byteLength });
      response.end(bytes);
    };
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = normalize(
      join(folder, decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname)),
    );
    readFile(file.startsWith(folder + sep) ? file : '').then(
      (bytes) => {
        const extension = extname(file);
        response.setHeader('content-type', TYPES[extension] ?? 'application/octet-stream');
        if (COMPRESSED.has(extension)) return send(bytes);
        response.setHeader('content-encoding', 'gzip');
        return send(gzipSync(bytes));
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  // A listening TCP server's address is always an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    server,
    transfers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
