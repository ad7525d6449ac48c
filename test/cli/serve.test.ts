// `rockpool serve` in one process, with a server that is none: what it is told, what it says, how it stops.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { run } from '../../cli/run.ts';
import type { ServeSettings } from '../../signaling/options.ts';
import { makeStage, until, type Stage, type StageOptions } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'rockpool-serve-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Run extends Stage {
  readonly done: Promise<number>;
  readonly settings: ServeSettings;
  /** How it was stopped. */
  readonly calls: string[];
}

/** Runs until the server is asked for. */
async function serve(argv: readonly string[], options: StageOptions = {}): Promise<Run> {
  const calls: string[] = [];
  let asked: ServeSettings | undefined;
  const stop = (how: string) => (): Promise<void> => {
    calls.push(how);
    return Promise.resolve();
  };
  const stage = makeStage({
    serve: (settings) => {
      asked = settings;
      return Promise.resolve({ url: 'http://localhost:9000', port: 9000, drain: stop('drain'), close: stop('close') });
    },
    ...options,
  });
  const done = run(['serve', ...argv], stage.cli);
  await until(() => asked !== undefined || stage.stderr.text !== '', 'the server');
  if (asked === undefined) throw new Error(stage.stderr.text);
  return { ...stage, done, settings: asked, calls };
}

/** Runs it without a server that could be had, to its end. */
async function fail(argv: readonly string[], problem: object): Promise<{ code: number; stderr: string }> {
  const stage = makeStage({ serve: () => Promise.reject(Object.assign(new Error('x'), problem)) });
  const code = await run(['serve', ...argv], stage.cli);
  return { code, stderr: stage.stderr.text };
}

describe('serve', () => {
  test('says where it is and gives a link to a fresh pool; stopping it is a success', async () => {
    const stage = await serve(['--json']);
    await until(() => stage.stdout.events.length > 0, 'listening');
    stage.stop('SIGINT');
    expect(await stage.done).toBe(0);
    expect(stage.calls).toEqual(['close']);
    const [listening] = stage.stdout.events;
    expect(listening).toMatchObject({ event: 'listening', url: 'http://localhost:9000', port: 9000 });
    const { pool, link } = listening as { pool: string; link: string };
    expect(pool).toMatch(/^[a-z]+-[a-z]+-[a-z]+-\d{4}$/u);
    expect(link).toBe(`http://localhost:9000/#${pool}`);
  });

  test('SIGTERM sends everyone away first, and it says so', async () => {
    const stage = await serve(['--json', '--drain-seconds', '5']);
    stage.stop('SIGTERM');
    expect(await stage.done).toBe(0);
    expect(stage.calls).toEqual(['drain']);
    expect(stage.stdout.events).toContainEqual({ event: 'draining', seconds: 5 });
    expect(stage.stderr.text).toContain('Sending everyone away over 5 s');
  });

  test('flags count before the environment, and that before a file', async () => {
    const config = join(folder, 'options.json');
    writeFileSync(config, JSON.stringify({ port: 1, host: 'file.example', 'trust-proxy': 3 }));
    const env = { ROCKPOOL_CONFIG: config, ROCKPOOL_HOST: 'env.example', ROCKPOOL_PORT: '2' };
    const stage = await serve(['--port', '3'], { env });
    expect(stage.settings).toMatchObject({ port: 3, host: 'env.example', trustProxy: 3, maxPoolMembers: 64 });
    stage.stop('SIGINT');
    await stage.done;
  });

  test.each([
    [{ code: 'EADDRINUSE' }, 'Port 8080 is taken. Stop what listens there, or choose another with --port.'],
    [{ code: 'EADDRINUSE', port: 3478 }, 'Port 3478 is taken. Stop what listens there, or choose another with --stun'],
    [{ code: 'EACCES' }, 'Port 8080 needs rights you do not have.'],
    [{ code: 'EADDRNOTAVAIL', address: '192.0.2.1' }, '192.0.2.1 is not an address of this machine.'],
    [{ code: 'bus' }, 'x.'],
    [{}, 'Could not serve on localhost, port 8080: x.'],
  ])('that it cannot listen (%j) is a plain error and exit code 1', async (problem, words) => {
    const { code, stderr } = await fail([], problem);
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });

  test('colours appear on a terminal only, and not with NO_COLOR', async () => {
    const texts = await Promise.all(
      [{ tty: true }, { tty: true, env: { NO_COLOR: '1' } }, { tty: false }].map(async (options) => {
        const stage = await serve([], options);
        stage.stop('SIGINT');
        await stage.done;
        return stage.stdout.text.includes('\u001b[');
      }),
    );
    expect(texts).toEqual([true, false, false]);
  });
});
