// `npm run bench -- NAME [--rounds N] [--KEY VALUE]... [--json] [--no-build]`: builds, runs bench/NAME.ts and prints its
// figures; with --json the last line of stdout is one JSON object. Without NAME it lists what there is.
// Building and progress go to stderr, so stdout holds the result alone.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
/** Modes of vite.config.ts: the app and the server, then the benchmarks and their pages. */
const BUILDS = ['production', 'node', 'bench', 'bench-pages'];

const ROUNDS_DEFAULT = 3;
const ROUNDS_MAX = 1000;

/** A mistake in the command, told without a stack. */
class UsageError extends Error {}

process.chdir(root);
try {
  await main(process.argv.slice(2));
  // Native peer connections keep threads that would hold the process back.
  process.exit(0);
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exit(1);
}

async function main(words) {
  const { name, flags, values } = parse(words);
  const names = readdirSync('bench')
    .filter((file) => file.endsWith('.ts') && file !== 'harness.ts')
    .map((file) => file.slice(0, -'.ts'.length));
  if (name !== undefined && !names.includes(name)) {
    throw new UsageError(`No benchmark is called ${name}. There are: ${names.join(', ') || 'none'}.`);
  }
  if (!flags.has('no-build')) build(name === undefined ? ['bench'] : BUILDS);
  if (name === undefined) return list(names);

  const benchmark = await load(name);
  const defaults = benchmark.defaults ?? {};
  const { rounds = String(benchmark.rounds ?? ROUNDS_DEFAULT), ...others } = values;
  if (!/^[1-9][0-9]*$/.test(rounds) || Number(rounds) > ROUNDS_MAX) {
    throw new UsageError(`--rounds: expected 1 to ${ROUNDS_MAX}, got ${rounds}.`);
  }
  for (const key of Object.keys(others)) {
    if (!Object.hasOwn(defaults, key)) {
      const known = ['rounds', ...Object.keys(defaults)].map((option) => `--${option}`).join(', ');
      throw new UsageError(`${name} takes no --${key}. It takes ${known}.`);
    }
  }

  const log = (line) => console.error(line);
  const result = await benchmark.run({ rounds: Number(rounds), values: { ...defaults, ...others }, log });
  check(name, result);
  const { figures } = result;
  if (flags.has('json')) console.log(JSON.stringify({ bench: name, rounds: result.rounds, figures: rounded(figures) }));
  else table(name, result);
}

/** `NAME`, `--flag` and `--key value` in any order. */
function parse(words) {
  const flags = new Set();
  const values = {};
  let name;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === '--json' || word === '--no-build') {
      flags.add(word.slice(2));
    } else if (word.startsWith('--')) {
      const [key, inline] = word.slice(2).split(/=(.*)/s);
      const value = inline ?? words[(index += 1)];
      if (value === undefined) throw new UsageError(`${word} needs a value.`);
      values[key] = value;
    } else if (name === undefined) {
      name = word;
    } else {
      throw new UsageError(`One benchmark at a time: ${name} or ${word}?`);
    }
  }
  return { name, flags, values };
}

function build(modes) {
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  for (const mode of modes) {
    if (mode === 'bench-pages' && !existsSync('bench/pages')) continue;
    const { status } = spawnSync(process.execPath, [vite, 'build', '--mode', mode, '--logLevel', 'warn'], {
      stdio: ['ignore', 2, 2],
    });
    if (status !== 0) throw new UsageError(`vite build --mode ${mode} failed.`);
  }
}

function load(name) {
  return import(pathToFileURL(join(root, 'dist/bench', `${name}.js`)).href);
}

async function list(names) {
  console.log('npm run bench -- NAME [--rounds N] [--KEY VALUE]... [--json] [--no-build]\n');
  for (const name of names) {
    const { about, rounds = ROUNDS_DEFAULT, defaults = {} } = await load(name);
    const options = Object.entries({ rounds, ...defaults }).map(([key, value]) => `--${key} ${value}`);
    console.log(`  ${name.padEnd(12)} ${about}\n  ${''.padEnd(12)} ${options.join(' ')}`);
  }
}

function check(name, result) {
  const wrong = Object.entries(result?.figures ?? {}).filter(
    ([figure, value]) => !/^[a-z][a-z0-9_]*$/.test(figure) || !Number.isFinite(value),
  );
  if (!Number.isInteger(result?.rounds) || wrong.length > 0 || Object.keys(result.figures ?? {}).length === 0) {
    throw new TypeError(`${name}: expected { rounds, figures: { snake_case: number } }, got ${JSON.stringify(result)}`);
  }
}

/** Four significant digits or the whole part: more would only be noise. */
function rounded(figures) {
  const digits = (value) => Math.max(4, Math.trunc(Math.abs(value)).toString().length);
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(Math.min(21, digits(value))))]),
  );
}

function table(name, { rounds, figures }) {
  const width = Math.max(...Object.keys(figures).map((figure) => figure.length));
  console.log(`${name}, median of ${rounds} round${rounds === 1 ? '' : 's'}`);
  for (const [figure, value] of Object.entries(rounded(figures))) {
    console.log(`  ${figure.padEnd(width)}  ${String(value).padStart(10)}`);
  }
}
