// The generated protobuf code in the tree is exactly what the schemas give, so neither is ever edited alone.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from '@jest/globals';

const root: string = join(import.meta.dirname, '..');
const committed: string = join(root, 'src/wire/gen');

test('generating the schemas again changes nothing', () => {
  const out = mkdtempSync(join(tmpdir(), 'rockpool-gen-'));
  try {
    // The template names the plugin without a path, so npm's folder of binaries must be on PATH, as in `npm run`.
    const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
    execFileSync('buf', ['generate', 'src/wire/schema', '-o', out], {
      cwd: root,
      env: { ...process.env, PATH: path },
      timeout: 60_000,
    });
    const generated = join(out, 'src/wire/gen');
    const names = readdirSync(generated).sort();
    expect(names).toEqual(readdirSync(committed).sort());
    for (const name of names) {
      expect(readFileSync(join(generated, name), 'utf8')).toBe(readFileSync(join(committed, name), 'utf8'));
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}, 90_000);
