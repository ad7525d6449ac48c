// The builds: the app (`vite build`, to dist/web), what runs on Node, the command and the library (`--mode node`, to
// dist/node), the benchmarks (`--mode bench`, to dist/bench) with the pages they open (`--mode bench-pages`, to
// dist/bench-pages), and the simulation campaign (`--mode campaign`, to dist/campaign).
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin, type UserConfig } from 'vite';
import { compress } from './web/build/compress.ts';

const app: UserConfig = {
  root: 'web',
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: { alias: { 'simple-peer': 'simple-peer/simplepeer.min.js' } },
  worker: { format: 'es' },
  plugins: [compress()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    // The content security policy allows no data: URLs but for pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
};

/** npx makes the command executable when it first links it; a build after that writes a new file. */
const executable: Plugin = {
  name: 'rockpool-executable',
  writeBundle: ({ dir = '' }) => chmodSync(join(dir, 'rockpool.js'), 0o755),
};

const node: UserConfig = {
  plugins: [executable],
  build: {
    ssr: true,
    outDir: 'dist/node',
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    rollupOptions: {
      input: { rockpool: 'cli/main.ts', index: 'src/index.ts' },
      output: { entryFileNames: '[name].js' },
    },
  },
};

/** What stands in `folder` by name -> path, as `entry` tells it. */
function inputs(
  folder: string,
  entry: (file: string) => [name: string, path: string] | undefined,
): Record<string, string> {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return Object.fromEntries(files.map(entry).filter((found) => found !== undefined));
}

const module =
  (folder: string, prefix: string) =>
  (file: string): [string, string] | undefined =>
    file.endsWith('.ts') ? [prefix + file.slice(0, -3), `${folder}/${file}`] : undefined;

/** Benchmarks are TypeScript that Node 20 cannot run. Packages stay outside, as in the Node build. */
const bench: UserConfig = {
  build: {
    ...node.build,
    outDir: 'dist/bench',
    rollupOptions: {
      input: {
        ...inputs('bench', module('bench', '')),
        ...inputs('bench/ends', module('bench/ends', 'ends/')),
      },
      output: { entryFileNames: '[name].js' },
    },
  },
};

const benchPages: UserConfig = {
  ...app,
  root: 'bench/pages',
  build: {
    ...app.build,
    outDir: '../../dist/bench-pages',
    rollupOptions: {
      input: inputs('bench/pages', (name) => [name, `bench/pages/${name}/index.html`]),
    },
  },
};

/** The simulation campaign, for the same reason. */
const campaign: UserConfig = {
  build: {
    ...node.build,
    outDir: 'dist/campaign',
    rollupOptions: { input: 'test/sim/campaign-child.ts', output: { entryFileNames: '[name].js' } },
  },
};

const builds: Record<string, UserConfig> = { node, bench, 'bench-pages': benchPages, campaign };

export default defineConfig(({ mode }) => builds[mode] ?? app);
