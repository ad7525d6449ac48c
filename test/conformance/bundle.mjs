// Prints the script named by its argument and all it imports as one classic script, made as the app is made. A process
// of its own because Vite's native parts refuse objects from jest's realm.
import { build } from 'vite';

const entry = process.argv[2];
const { output } = await build({
  configFile: false,
  logLevel: 'silent',
  resolve: { alias: { 'simple-peer': 'simple-peer/simplepeer.min.js' } },
  build: {
    write: false,
    minify: false,
    target: 'es2022',
    rollupOptions: { input: entry, output: { format: 'iife' } },
  },
});
if (output.length !== 1) throw new Error(`bundling ${entry}: expected one script, got ${output.length} files`);
process.stdout.write(output[0].code);
