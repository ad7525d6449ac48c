// How the page of the store's tests is built: as the app is, but readable.
import { defineConfig, type UserConfig } from 'vite';

const config: UserConfig = defineConfig({
  base: './',
  worker: { format: 'es' },
  // What tar-stream's streams ask for in browsers as well.
  resolve: { alias: { events: 'bare-events' } },
  build: { target: 'es2022', minify: false, emptyOutDir: true, assetsInlineLimit: 0 },
});

export default config;
