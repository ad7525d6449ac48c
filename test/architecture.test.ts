// Enforces the layout that ARCHITECTURE.md describes: who imports whom, what a machine may not touch, how long a file is.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { LINES_MAX, violations } from './support/architecture.ts';

const root: string = join(import.meta.dirname, '..');
const FOLDERS = ['src', 'worker', 'web', 'signaling', 'desktop', 'cli', 'bench', 'test'];

function sourcesOf(folder: string): [string, string][] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return [relative(root, file).split(sep).join('/'), readFileSync(file, 'utf8')];
    });
}

/** What the checker says about one planted file that opens with a comment. */
const verdict = (path: string, text: string): string[] => violations(new Map([[path, `// Planted.\n${text}\n`]]));

describe('the tree', () => {
  const sources = new Map(FOLDERS.flatMap(sourcesOf));

  test('has the folders the table speaks of', () => {
    for (const place of ['src/wire/', 'src/link/', 'src/pool/', 'src/io/', 'web/', 'signaling/', 'cli/']) {
      expect([...sources.keys()].filter((path) => path.startsWith(place))).not.toEqual([]);
    }
  });

  test('breaks none of the rules', () => {
    expect(violations(sources)).toEqual([]);
  });
});

describe('the arrows', () => {
  test.each([
    ['an import', `import { a } from '../pool/views.ts';\na();`],
    ['a type-only import', `import type { A } from '../pool/views.ts';\nexport type B = A;`],
    ['a re-export', `export * from '../pool/views.ts';`],
    ['a dynamic import', `export const later = (): unknown => import('../pool/views.ts');`],
    ['an import type', `export type A = import('../pool/views.ts').A;`],
    ['a worker by URL', `export const url = new URL('../pool/views.ts', import.meta.url);`],
  ])('are broken by %s against them', (_what, text) => {
    expect(verdict('src/link/link.ts', text)).toContainEqual(
      expect.stringMatching(/^src\/link\/link\.ts:\d+: src\/link may not import src\/pool\/views\.ts$/),
    );
  });

  test.each([
    ['src/link/link.ts', '../wire/codes.ts'],
    ['src/link/link.ts', './acks.ts'],
    ['src/pool/pool.ts', '../share/share.ts'],
    ['src/io/driver.ts', '../pool/pool.ts'],
    ['src/index.ts', './io/link-node.ts'],
    ['web/app.tsx', '../src/client.ts'],
    ['worker/main.ts', '../src/io/store.ts'],
    ['cli/main.ts', '../signaling/server.ts'],
    ['signaling/store/database.ts', '../../src/io/sqlite-file.ts'],
    ['test/link/link.test.ts', '../../src/link/link.ts'],
  ])('let %s import %s', (path, specifier) => {
    expect(verdict(path, `export * from '${specifier}';`)).toEqual([]);
  });

  test.each([
    ['src/wire/frame.ts', '../link/link.ts'],
    ['src/share/share.ts', '../link/link.ts'],
    ['src/pool/pool.ts', '../io/driver.ts'],
    ['src/client.ts', './link/link.ts'],
    ['web/app.tsx', '../src/io/driver.ts'],
    ['worker/main.ts', '../src/io/driver.ts'],
    ['signaling/hub.ts', '../src/pool/views.ts'],
    ['signaling/store/database.ts', '../../src/io/store.ts'],
    ['signaling/hub.ts', '../cli/main.ts'],
  ])('do not let %s import %s', (path, specifier) => {
    expect(verdict(path, `export * from '${specifier}';`)).toHaveLength(1);
  });

  test('are not fooled by a path that climbs and returns, or by a similar folder name', () => {
    expect(verdict('src/link/link.ts', `export * from '../link/../pool/views.ts';`)).toHaveLength(1);
    expect(verdict('src/link/link.ts', `export * from '../wire-tap/a.ts';`)).toHaveLength(1);
  });

  test('ignore what only stands in a comment or a string', () => {
    expect(
      verdict('src/link/link.ts', `// import '../pool/views.ts';\nexport const a = "import '../pool/views.ts'";`),
    ).toEqual([]);
  });

  test('refuse a folder that has no row', () => {
    expect(verdict('lib/a.ts', `export * from './b.ts';`)).toHaveLength(1);
  });

  test('refuse an import whose target is only known at run time', () => {
    expect(verdict('src/io/driver.ts', 'export const load = (name: string): unknown => import(name);')).toHaveLength(1);
  });
});

describe('packages', () => {
  test('reach a machine only where the table lists them', () => {
    expect(verdict('src/wire/a.ts', `export { create } from '@bufbuild/protobuf';`)).toEqual([]);
    expect(verdict('src/link/a.ts', `export { create } from '@bufbuild/protobuf';`)).toHaveLength(1);
    expect(verdict('src/pool/a.ts', `export { readFileSync } from 'node:fs';`)).toHaveLength(1);
  });

  test('simple-peer belongs to link-browser.ts', () => {
    const text = `export { default } from 'simple-peer';`;
    expect(verdict('src/io/link-browser.ts', text)).toEqual([]);
    expect(verdict('src/io/driver.ts', text)).toHaveLength(1);
    expect(verdict('web/app.tsx', `export { default } from 'simple-peer/simplepeer.min.js';`)).toHaveLength(1);
  });

  test('node-datachannel belongs to link-node.ts, and to raw baselines in bench', () => {
    const text = `export { default } from 'node-datachannel';`;
    expect(verdict('src/io/link-node.ts', text)).toEqual([]);
    expect(verdict('bench/loopback.ts', text)).toEqual([]);
    expect(verdict('cli/main.ts', text)).toHaveLength(1);
  });
});

describe('machines', () => {
  test.each([
    'Date.now()',
    'new Date()',
    'performance.now()',
    'setTimeout(() => 0, 1)',
    'setInterval(() => 0, 1)',
    'queueMicrotask(() => 0)',
    'setImmediate(() => 0)',
    'Math.random()',
    "Math['random']()",
    'crypto.getRandomValues(new Uint8Array(1))',
    'crypto.randomUUID()',
    'Promise.resolve()',
    'async () => 0',
    "console.log('x')",
    "fetch('x')",
    "new WebSocket('x')",
    'process.env',
    'globalThis.Date',
    '{ fetch }',
  ])('may not say %s', (expression) => {
    for (const path of ['src/wire/a.ts', 'src/link/a.ts', 'src/share/a.ts', 'src/pool/a.ts', 'signaling/hub.ts']) {
      expect(verdict(path, `export const a: unknown = ${expression};`)).not.toEqual([]);
    }
    expect(verdict('src/io/driver.ts', `export const a: unknown = ${expression};`)).toEqual([]);
  });

  test('may not speak of promises even in a type', () => {
    expect(verdict('src/link/a.ts', 'export type Later = Promise<void>;')).toHaveLength(1);
  });

  test('may not wait', () => {
    const text =
      'export async function a(b: AsyncIterable<number>): Promise<void> { for await (const c of b) await c; }';
    expect(verdict('src/link/a.ts', text)).toHaveLength(4);
  });

  test('may use those words for members, parameters and things of their own', () => {
    const text = [
      'export interface A { readonly process: number; fetch(): void }',
      'export const a = (process: number, b: A): number => { b.fetch(); return process + b.process; };',
      'export const c = { console: 1, "Date": 2 };',
      'export const d = Math.max(1, 2);',
      'export const e = ({ self, window = 1 }: { self: number; window?: number }, [global]: number[]) => [self, window, global];',
    ].join('\n');
    expect(verdict('src/link/a.ts', text)).toEqual([]);
  });

  test('may mention them in comments and strings', () => {
    expect(verdict('src/link/a.ts', `// Date.now() would be wrong here\nexport const a = 'await Promise';`)).toEqual(
      [],
    );
  });
});

describe('files', () => {
  test('are at most 500 lines long', () => {
    const lines = (count: number): string => Array.from({ length: count }, () => '//').join('\n');
    expect(violations(new Map([['src/io/a.ts', lines(LINES_MAX)]]))).toEqual([]);
    expect(violations(new Map([['src/io/a.ts', lines(LINES_MAX + 1)]]))).toHaveLength(1);
    expect(violations(new Map([['src/wire/gen/a.ts', lines(LINES_MAX + 1)]]))).toEqual([]);
  });

  test('open with a comment', () => {
    expect(
      violations(new Map([['cli/main.ts', '#!/usr/bin/env node\n// Owns the command line.\nexport {};\n']])),
    ).toEqual([]);
    expect(violations(new Map([['cli/main.ts', 'export {};\n']]))).toHaveLength(1);
  });

  test.each([
    'export const a: any = 1;',
    'export const a = (b: number | undefined): number => b!;',
    'export class A { b!: number }',
    '// @ts-ignore\nexport const a = 1;',
    '// @ts-expect-error\nexport const a = 1;',
    '/* @ts-nocheck */\nexport const a = 1;',
  ])('do not silence the type checker with %s', (text) => {
    expect(verdict('src/io/a.ts', text)).toHaveLength(1);
  });

  test('that do not parse are reported', () => {
    expect(verdict('src/io/a.ts', 'export const = ;')).toEqual([expect.stringContaining('does not parse')]);
  });
});
