// `rockpool serve` in one process, with a server that is none.
import { describe, expect, test } from '@jest/globals';
import { run } from '../../cli/run.ts';
import { makeStage, settle } from './support.ts';

describe('serve', () => {
  const serve = (): Promise<{ url: string; port: number; close: () => Promise<void> }> =>
    Promise.resolve({ url: 'http://localhost:9000', port: 9000, close: () => Promise.resolve() });

  test('says where it is and gives a link to a fresh pool; stopping it is a success', async () => {
    const stage = makeStage({ serve });
    const done = run(['serve', '--json'], stage.cli);
    await settle();
    stage.stop('SIGTERM');
    expect(await done).toBe(0);
    const [listening] = stage.stdout.events;
    expect(listening).toMatchObject({ event: 'listening', url: 'http://localhost:9000', port: 9000 });
    const { pool, link } = listening as { pool: string; link: string };
    expect(pool).toMatch(/^[a-z]+-[a-z]+-[a-z]+-\d{4}$/u);
    expect(link).toBe(`http://localhost:9000/#${pool}`);
  });

  test('a taken port is a plain error and exit code 1', async () => {
    const stage = makeStage({ serve: () => Promise.reject(Object.assign(new Error('x'), { code: 'EADDRINUSE' })) });
    expect(await run(['serve', '--port', '8080'], stage.cli)).toBe(1);
    expect(stage.stderr.text).toContain('Port 8080 is taken.');
  });

  test('colours appear on a terminal only, and not with NO_COLOR', async () => {
    const texts = await Promise.all(
      [{ tty: true }, { tty: true, env: { NO_COLOR: '1' } }, { tty: false }].map(async (options) => {
        const stage = makeStage({ ...options, serve });
        const done = run(['serve'], stage.cli);
        stage.stop('SIGINT');
        await done;
        return stage.stdout.text.includes('\u001b[');
      }),
    );
    expect(texts).toEqual([true, false, false]);
  });
});
