// Makes `main.mjs`, which Node runs, of a TypeScript file and all it imports: node bundle-node.mjs FILE.ts FOLDER. FOLDER is
// outside the repository and has a link to its packages. A process of its own because Vite's native parts refuse objects
// from jest's realm.
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';

const [, , entry, folder] = process.argv;
await build({
  configFile: false,
  logLevel: 'silent',
  // Hundreds of small files, each of which costs a start its time.
  ssr: { noExternal: ['kysely'] },
  build: {
    ssr: true,
    outDir: folder,
    emptyOutDir: false,
    target: 'node20',
    minify: false,
    rollupOptions: { input: entry, output: { entryFileNames: 'main.mjs' } },
  },
});
await symlink(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'), 'junction');
