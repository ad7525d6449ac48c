// How the page of the store's tests is built: as the app is, but readable.
import { defineConfig, type UserConfig } from 'vite';

const config: UserConfig = defineConfig({
  base: './',
  worker: { format: 'es' },
  build: { target: 'es2022', minify: false, emptyOutDir: true, assetsInlineLimit: 0 },
});

export default config;
