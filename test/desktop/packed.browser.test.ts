// What `npm pack` makes of the tree: small, whole, and enough for a machine that has nothing but Node. `dist` is built before.
import { execFile, spawn } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const INSTALL_MS_MAX = 240_000;
const DEADLINE_MS = 30_000;

/** MB: twice what it is, so that something which does not belong there is seen. */
const UNPACKED_MB_MAX = 7;

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** As a shell has it that no npm has started: one within another would take the outer one's settings for its own. */
const env: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(?:registry|cache|userconfig)$)/iu.test(name)),
);

describe('the package', () => {
  let folder: string;
  let packed: Packed;
  /** What stands in the installed package's folder. */
  const installed = (...path: string[]): string => join(folder, 'machine/node_modules', ...path);
  const rockpool = (): string => installed('.bin/rockpool');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rockpool-packed-'));
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run('npm', pack, { cwd: ROOT, env });
    packed = (JSON.parse(stdout) as [Packed])[0];
    const machine = join(folder, 'machine');
    await mkdir(machine);
    await writeFile(join(machine, 'package.json'), '{ "private": true, "type": "module" }\n');
    const install = ['install', '--omit=dev', '--no-audit', '--no-fund', join(folder, packed.filename)];
    await run('npm', install, { cwd: machine, env, timeout: INSTALL_MS_MAX });
  }, INSTALL_MS_MAX + 60_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('holds what was built and what there is to read, and no more', () => {
    const tops = new Set(
      packed.files.map(({ path }) =>
        path
          .split('/')
          .slice(0, path.startsWith('d') ? 2 : 1)
          .join('/'),
      ),
    );
    // The types are made by `prepack` alone.
    tops.delete('dist/types');
    const documents = [...tops].filter((path) => path.startsWith('docs/'));
    expect([...tops].filter((path) => !path.startsWith('docs/')).toSorted()).toEqual(
      'ARCHITECTURE.md LICENSE PROTOCOL.md README.md desktop/assets dist/node dist/web package.json'.split(' '),
    );
    expect(documents).toContain('docs/desktop.md');
    expect(packed.unpackedSize / 1e6).toBeLessThan(UNPACKED_MB_MAX);
  });

  test('has a command that knows its version', async () => {
    // Built anew in a checkout, the command must run as it is: npx makes it executable only when it links it.
    if (process.platform !== 'win32') await access(join(ROOT, 'dist/node/rockpool.js'), constants.X_OK);
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await run(rockpool(), ['--version'], { env })).stdout).toBe(`rockpool ${version}\n`);
  });

  test('is a library', async () => {
    const script =
      "import { PoolClient, parsePoolCode } from 'rockpool'; console.log(typeof PoolClient, parsePoolCode('x'))";
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: join(folder, 'machine'),
      env,
    });
    expect(stdout).toBe('function undefined\n');
  });

  test('puts itself among a desktop’s programs, and takes itself away', async () => {
    const own = { PATH: env['PATH'], HOME: folder };
    const desktop = (word: string): Promise<{ stdout: string }> => run(rockpool(), ['desktop', word], { env: own });
    if (process.platform !== 'linux') return expect(desktop('--install')).rejects.toThrow('for Linux');
    const entry = join(folder, '.local/share/applications/rockpool.desktop');
    expect((await desktop('--install')).stdout).toContain(entry);
    expect(await readFile(entry, 'utf8')).toContain(`Exec="${process.execPath}" "${rockpool()}" "desktop" %u\n`);
    expect((await desktop('--uninstall')).stdout).toBe('Rockpool is no longer among your programs.\n');
    await expect(readFile(entry)).rejects.toThrow('ENOENT');
  });

  test('opens the desktop app', async () => {
    const args = ['desktop', '--window', 'none', '--data', join(folder, 'data'), '--into', join(folder, 'into')];
    const child = spawn(rockpool(), args, { env: { ...env, HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    try {
      let told = '';
      const entry = await new Promise<string>((resolve, reject) => {
        child.stderr.on('data', (bytes: Buffer) => {
          told += bytes.toString('utf8');
          const address = /Open (http:\S+)/u.exec(told)?.[1];
          if (address !== undefined) resolve(address);
        });
        child.once('exit', () => reject(new Error(`it ended: ${told}`)));
        setTimeout(() => reject(new Error(`it does not start: ${told}`)), DEADLINE_MS).unref();
      });
      expect((await fetch(new URL('/', entry))).status).toBe(403);
      const entered = await fetch(entry);
      expect(entered.status).toBe(200);
      const cookie = entered.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const page = await fetch(new URL('/', entry), { headers: { cookie } });
      expect(await page.text()).toContain('<div id="app">');
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toBe(143);
  }, 90_000);
});
