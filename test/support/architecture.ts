// The checker behind architecture.test.ts: which folder may import which, what a machine may not touch, and how long
// a file may be. It works on a syntax tree, so comments and strings never confuse it, and it is fed sources as
// text, so the tests can plant a violation and see it caught.

import { posix } from 'node:path';
import { parseSync, Visitor, type ESTree } from 'vite';

/** What one place in the tree may import. `packages` lists allowed packages and `node:` modules; absent means any. */
interface Row {
  readonly imports: readonly string[];
  readonly packages?: readonly string[];
}

const MACHINES_BELOW_POOL = ['src/link', 'src/control', 'src/clock', 'src/share', 'src/talk'] as const;
const POOL_AND_BELOW = ['src/wire', ...MACHINES_BELOW_POOL, 'src/keys', 'src/pool'] as const;

/**
 * The arrows. A file belongs to the row with the longest key that is its path or a folder above it; it may import its
 * own row's files and everything under the paths named here, types included.
 */
export const ARROWS: Readonly<Record<string, Row>> = {
  'src/wire': { imports: [], packages: ['@bufbuild/protobuf', '@noble/ciphers'] },
  'src/link': { imports: ['src/wire'], packages: [] },
  'src/control': { imports: ['src/wire'], packages: [] },
  'src/clock': { imports: ['src/wire'], packages: [] },
  'src/share': { imports: ['src/wire'], packages: ['@noble/hashes'] },
  'src/talk': { imports: ['src/wire'], packages: ['@noble/hashes'] },
  'src/keys': { imports: ['src/wire'] },
  'src/pool': { imports: ['src/wire', ...MACHINES_BELOW_POOL, 'src/keys'], packages: [] },
  'src/sim': { imports: POOL_AND_BELOW, packages: [] },
  'src/io': { imports: POOL_AND_BELOW },
  'src/client.ts': { imports: ['src/io', 'src/pool', 'src/share', 'src/link/outputs.ts', 'src/keys', 'src/wire'] },
  // A client in another process than its window: no module of Node's, because the window is a page.
  'src/remote': { imports: [...POOL_AND_BELOW, 'src/io', 'src/client.ts'], packages: ['@msgpack/msgpack', 'zod'] },
  'src/index.ts': { imports: ['src'] },
  worker: {
    imports: [
      'src/share',
      'src/talk/records.ts',
      'src/wire',
      'src/io/store.ts',
      'src/io/store-parts.ts',
      'src/io/history.ts',
      'src/io/file-tree.ts',
      'src/io/file-name.ts',
      'src/io/entry-path.ts',
      'src/io/tar-layout.ts',
      'src/io/tar-unpack.ts',
      'src/io/talk-store.ts',
    ],
  },
  web: {
    imports: [
      'src/client.ts',
      'src/remote',
      'src/wire',
      'src/io/link-browser.ts',
      'src/io/device-keys-browser.ts',
      'src/io/control-frames.ts',
      'src/io/control-sources.ts',
      'src/io/accepted.ts',
      'src/io/file-tree.ts',
      'src/io/history.ts',
      'src/io/entry-path.ts',
      'src/io/talk-face.ts',
      'src/io/account-ticket.ts',
      'src/pool/views.ts',
      'src/talk/people.ts',
      'src/talk/views.ts',
      'worker',
    ],
  },
  // What the server shares: what makes node-sqlite3-wasm safe, a bounded question over HTTP, and what the app's pages may do.
  signaling: {
    imports: ['src/wire', 'src/keys', 'src/io/sqlite-file.ts', 'src/io/ask-http.ts', 'src/io/page-headers.ts'],
  },
  desktop: { imports: ['src', 'package.json'] },
  cli: { imports: ['src', 'signaling', 'desktop', 'package.json'] },
  bench: { imports: [''] },
  test: { imports: [''] },
};

/** Machines: they get the time and the dice from their caller, answer at once, and tell nobody else. */
const PURE = [
  'src/wire',
  ...MACHINES_BELOW_POOL,
  'src/pool',
  'src/sim',
  'signaling/hub.ts',
  'signaling/rooms.ts',
  'signaling/join-pace.ts',
  ...['cluster', 'edge', 'guests', 'links', 'messages', 'ownership', 'pools', 'stamps'].map(
    (name) => `signaling/bus/${name}.ts`,
  ),
];

/** Globals no machine may name, by what they would smuggle in. */
const IMPURE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['Date', 'performance', 'Temporal'].map((name) => [name, 'a clock'])),
  ...Object.fromEntries(
    ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame', 'requestIdleCallback'].map(
      (name) => [name, 'a timer'],
    ),
  ),
  ...Object.fromEntries(['crypto', 'getRandomValues', 'randomUUID'].map((name) => [name, 'randomness'])),
  Promise: 'a promise',
  console: 'logging',
  ...Object.fromEntries(
    ['fetch', 'WebSocket', 'RTCPeerConnection', 'Worker', 'MessageChannel', 'BroadcastChannel', 'EventSource'].map(
      (name) => [name, 'input or output'],
    ),
  ),
  ...Object.fromEntries(
    ['process', 'navigator', 'document', 'localStorage', 'sessionStorage', 'indexedDB', 'globalThis', 'window', 'self']
      .concat('global', 'require')
      .map((name) => [name, 'its surroundings']),
  ),
};

/** Packages that one adapter hides from everything else. Benchmarks and tests may also use the Node one raw. */
const SOLE_IMPORTERS: Readonly<Record<string, { file: string; alsoUnder: readonly string[] }>> = {
  'simple-peer': { file: 'src/io/link-browser.ts', alsoUnder: [] },
  'node-datachannel': { file: 'src/io/link-node.ts', alsoUnder: ['bench', 'test'] },
};

/** Past this many lines a file holds more than one idea. */
export const LINES_MAX = 500;

const GENERATED = 'src/wire/gen';

/** True where the rules of style hold: everything that ships, and not what only tests or measures it. */
const ships = (path: string): boolean => !under(path, 'test') && !under(path, 'bench') && !under(path, GENERATED);

function under(path: string, place: string): boolean {
  return place === '' || path === place || path.startsWith(`${place}/`);
}

function rowOf(path: string): string | undefined {
  return Object.keys(ARROWS)
    .filter((key) => under(path, key))
    .sort((a, b) => b.length - a.length)[0];
}

/** Every rule that `sources` (path from the repository's root, with forward slashes -> text) break, one line each. */
export function violations(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([path, text]) => violationsIn(path, text).map((problem) => `${path}${problem}`));
}

function violationsIn(path: string, text: string): string[] {
  const parsed = parseSync(path, text, { sourceType: 'module' });
  const [firstError] = parsed.errors;
  if (firstError) return [`: does not parse: ${firstError.message}`];

  const at = (offset: number): string => `:${text.slice(0, offset).split('\n').length}`;
  const found: string[] = [];
  for (const { specifier, start } of importsOf(parsed.program)) {
    const problem = importProblem(path, specifier);
    if (problem !== undefined) found.push(`${at(start)}: ${problem}`);
  }
  if (PURE.some((place) => under(path, place)) && !under(path, GENERATED)) {
    for (const { what, start } of impuritiesOf(parsed.program))
      found.push(`${at(start)}: a machine may not use ${what}`);
  }
  if (ships(path)) {
    for (const { what, start } of escapesOf(parsed.program)) found.push(`${at(start)}: ${what}`);
    for (const comment of parsed.comments) {
      if (/^\s*@ts-/.test(comment.value)) found.push(`${at(comment.start)}: silences the type checker`);
    }
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    if (lines > LINES_MAX) found.push(`: ${lines} lines, at most ${LINES_MAX}`);
    if (!/^(#!.*\n)?\s*\/[/*]/.test(text)) found.push(': does not open with a comment saying what it owns');
  }
  return found;
}

/** Every specifier a program names: import, export-from, import(), import types and `new URL('x.ts', import.meta.url)`. */
function importsOf(program: ESTree.Program): { specifier: string; start: number }[] {
  const found: { specifier: string; start: number }[] = [];
  const add = (source: ESTree.Node | null | undefined): void => {
    if (source?.type === 'Literal' && typeof source.value === 'string') {
      found.push({ specifier: source.value, start: source.start });
    } else if (source?.type === 'TemplateLiteral') {
      found.push({ specifier: source.quasis.map((part) => part.value.raw).join('*'), start: source.start });
    } else if (source) {
      found.push({ specifier: '', start: source.start });
    }
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    NewExpression: (node) => {
      const [target, base] = node.arguments;
      const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL';
      const isModule = target?.type === 'Literal' && /\.[jt]sx?$/.test(String(target.value));
      if (isUrl && isModule && base?.type === 'MemberExpression' && base.object.type === 'MetaProperty') add(target);
    },
  }).visit(program);
  return found;
}

function importProblem(path: string, specifier: string): string | undefined {
  const key = rowOf(path);
  const row = key === undefined ? undefined : ARROWS[key];
  if (key === undefined || row === undefined) return `stands in no row of the arrow table, yet imports ${specifier}`;
  if (specifier === '') return under(path, 'test') ? undefined : 'imports something only known at run time';

  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier.replace(/\?.*$/, ''));
    const allowed = under(target, key) || row.imports.some((place) => under(target, place));
    return allowed ? undefined : `${key} may not import ${target}`;
  }
  for (const [name, rule] of Object.entries(SOLE_IMPORTERS)) {
    const exempt = path === rule.file || rule.alsoUnder.some((place) => under(path, place));
    if (under(specifier, name) && !exempt) return `only ${rule.file} may import ${name}`;
  }
  if (row.packages && !row.packages.some((name) => under(specifier, name))) return `${key} may not import ${specifier}`;
  return undefined;
}

/** As much of a pattern's node as it takes to find the name it binds. */
interface Binding {
  readonly type: string;
  readonly name?: string;
  readonly left?: Binding;
  readonly argument?: Binding;
}

/** Where a program reaches for a clock, a timer, dice, a promise, a log or the world. Names it declares itself are its own. */
function impuritiesOf(program: ESTree.Program): { what: string; start: number }[] {
  const found: { what: string; start: number }[] = [];
  const named: { name: string; start: number }[] = [];
  const labels = new Set<number>();
  const own = new Set<string>();
  const declare = (node: Binding | null | undefined): void => {
    if (node?.type === 'Identifier' && node.name !== undefined) own.add(node.name);
    else if (node?.type === 'AssignmentPattern') declare(node.left);
    else if (node?.type === 'RestElement') declare(node.argument);
  };
  const declareParameters = (parameters: readonly Binding[]): void => parameters.forEach(declare);
  const label = (key: { start: number }, computed: boolean): void => {
    if (!computed) labels.add(key.start);
  };
  const asynchronous = (node: { async: boolean; start: number }): void => {
    if (node.async) found.push({ what: 'an async function', start: node.start });
  };
  new Visitor({
    Identifier: (node) => void named.push({ name: node.name, start: node.start }),
    MemberExpression: (node) => {
      if (!node.computed) labels.add(node.property.start);
      if (node.object.type === 'Identifier' && node.object.name === 'Math') {
        const property = node.property.type === 'Identifier' && !node.computed ? node.property.name : undefined;
        if (property === undefined || property === 'random')
          found.push({ what: 'Math.random (randomness)', start: node.start });
      }
    },
    Property: (node) => {
      // A shorthand `{ fetch }` is a use, so its key stays in view.
      if (!node.shorthand) label(node.key, node.computed);
    },
    MethodDefinition: (node) => label(node.key, node.computed),
    PropertyDefinition: (node) => label(node.key, node.computed),
    TSPropertySignature: (node) => label(node.key, node.computed),
    TSMethodSignature: (node) => label(node.key, node.computed),
    ObjectPattern: (node) => node.properties.forEach((part) => declare(part.type === 'Property' ? part.value : part)),
    ArrayPattern: (node) => node.elements.forEach(declare),
    VariableDeclarator: (node) => declare(node.id),
    FunctionDeclaration: (node) => {
      declare(node.id);
      declareParameters(node.params);
      asynchronous(node);
    },
    FunctionExpression: (node) => {
      declareParameters(node.params);
      asynchronous(node);
    },
    ArrowFunctionExpression: (node) => {
      declareParameters(node.params);
      asynchronous(node);
    },
    AwaitExpression: (node) => void found.push({ what: 'await', start: node.start }),
    ForOfStatement: (node) => {
      if (node.await) found.push({ what: 'await', start: node.start });
    },
  }).visit(program);
  for (const { name, start } of named) {
    const smuggled = Object.hasOwn(IMPURE, name) ? IMPURE[name] : undefined;
    if (smuggled !== undefined && !labels.has(start) && !own.has(name))
      found.push({ what: `${name} (${smuggled})`, start });
  }
  return found;
}

/** Where a program opts out of the type checker: `any`, `!` and definite assignment. */
function escapesOf(program: ESTree.Program): { what: string; start: number }[] {
  const found: { what: string; start: number }[] = [];
  new Visitor({
    TSAnyKeyword: (node) => void found.push({ what: 'uses any', start: node.start }),
    TSNonNullExpression: (node) => void found.push({ what: 'asserts with !', start: node.start }),
    PropertyDefinition: (node) => {
      if (node.definite) found.push({ what: 'asserts with !', start: node.start });
    },
    VariableDeclarator: (node) => {
      if (node.definite) found.push({ what: 'asserts with !', start: node.start });
    },
  }).visit(program);
  return found;
}
