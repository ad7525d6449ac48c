// Two builds: the app (`vite build`, to dist/web) and everything that runs on Node (`--mode node`, to dist/node).
import { defineConfig, type UserConfig } from 'vite';

const app: UserConfig = {
  root: 'web',
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: { alias: { 'simple-peer': 'simple-peer/simplepeer.min.js' } },
  worker: { format: 'es' },
  build: { outDir: '../dist/web', emptyOutDir: true, target: 'es2022', reportCompressedSize: false },
};

const node: UserConfig = {
  build: {
    ssr: true,
    outDir: 'dist/node',
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    rollupOptions: { input: { rockpool: 'cli/main.ts' }, output: { entryFileNames: '[name].js' } },
  },
};

export default defineConfig(({ mode }) => (mode === 'node' ? node : app));
