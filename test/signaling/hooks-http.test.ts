// The example of another session manager, against a real HTTP server: what it is sent, and what its answers do.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { httpHooks, type HttpHooksOptions } from '../../signaling/hooks-http.ts';
import type { JoinAsked } from '../../signaling/hooks.ts';
import { startServer } from './load-server.ts';
import { idOf, RawClient } from './raw-client.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Posted = Record<string, unknown> & { readonly authorization: string | undefined };

/** A session manager: keeps what it was sent, and answers with what `answer` says of it. */
async function manager(
  answer: (posted: Posted, response: ServerResponse) => void,
  options: Partial<HttpHooksOptions> = {},
) {
  const posted: Posted[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { authorization } = request.headers;
      const body = { ...(JSON.parse(Buffer.concat(parts).toString()) as object), authorization };
      posted.push(body);
      answer(body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const { port } = server.address() as AddressInfo;
  const troubles: string[] = [];
  const onTrouble = (problem: string): void => void troubles.push(problem);
  const hooks = httpHooks({ url: `http://127.0.0.1:${port}/sessions`, bearer: 'shared', onTrouble, ...options });
  return { hooks, posted, troubles, port };
}

const says = (answer: object) => (_posted: Posted, response: ServerResponse) =>
  void response.end(JSON.stringify(answer));
const asked: JoinAsked = {
  pool: 'blue',
  device: idOf('a'),
  name: 'a',
  kind: 'browser',
  ticket: 't',
  address: '192.0.2.1',
};
const { signal } = new AbortController();

test('a pool whose members are let in by it: asked with the bearer, told of comings and goings in their order', async () => {
  const { hooks, posted } = await manager(
    says({ verdict: 'admitted', account: 'ada', role: 'owner', zones: ['staff'] }),
  );
  const server = await startServer({ closeMs: 200, hooks });
  cleanups.push(() => server.close());
  const client = await RawClient.open(server.url);
  cleanups.push(() => client.socket.terminate());
  client.join('a', 'blue', 'a-ticket');
  expect(await client.next('welcome')).toMatchObject({ role: 'owner' });
  client.say({ kind: 'leave' });
  while (posted.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  const who = { pool: 'blue', device: idOf('a'), name: 'a', kind: 'terminal', authorization: 'Bearer shared' };
  const seat = { ...who, role: 'owner', account: 'ada', zones: ['staff'] };
  expect(posted).toEqual([
    { event: 'authorize', ...who, ticket: 'a-ticket', address: '127.0.0.1' },
    { event: 'joined', ...seat },
    { event: 'left', why: 'left', ...seat },
  ]);
});

test.each([
  [{ verdict: 'admitted' }, { kind: 'admitted', zones: [] }],
  [
    { verdict: 'admitted', untilMs: 5 },
    { kind: 'admitted', zones: [], untilMs: 5 },
  ],
  [
    { verdict: 'refused', code: 'denied' },
    { kind: 'refused', code: 'denied' },
  ],
  [
    { verdict: 'refused', code: 'busy', retryMs: 9 },
    { kind: 'refused', code: 'busy', retryMs: 9 },
  ],
])('the answer %j is the verdict %j', async (answer, verdict) => {
  const { hooks } = await manager(says(answer));
  expect(await hooks.authorize(asked, signal)).toEqual(verdict);
});

describe('an answer that is none rejects, which is a refusal:', () => {
  test.each<[string, (posted: Posted, response: ServerResponse) => void]>([
    ['an error', (_posted, response) => void response.writeHead(500).end('{"verdict":"admitted"}')],
    ['a redirect', (_posted, response) => void response.writeHead(302, { location: '/else' }).end()],
    ['no JSON', (_posted, response) => void response.end('yes')],
    ['another verdict', says({ verdict: 'maybe' })],
    ['a role of its own', says({ verdict: 'admitted', role: 'root' })],
    ['a field of its own', says({ verdict: 'admitted', admin: true })],
    ['a code that is not for it to say', says({ verdict: 'refused', code: 'revoked' })],
    ['too many zones', says({ verdict: 'admitted', zones: Array.from({ length: 17 }, () => 'z') })],
    ['a time that is no number', says({ verdict: 'admitted', untilMs: '5' })],
    ['far too much', (_posted, response) => void response.end(' '.repeat(1_000_000))],
    ['nothing in time', () => {}],
    ['the connection cut', (_posted, response) => void response.destroy()],
  ])('%s', async (_what, answer) => {
    const { hooks } = await manager(answer, { timeoutMs: 100 });
    await expect(hooks.authorize(asked, signal)).rejects.toMatchObject({ message: expect.any(String) });
  });

  test('a question nobody waits for is let go of', async () => {
    const { hooks } = await manager(() => {}, { timeoutMs: 60_000 });
    await expect(hooks.authorize(asked, AbortSignal.timeout(50))).rejects.toThrow('timeout');
  });
});

test('what could not be told is said to have gone wrong, and the next is told all the same', async () => {
  let first = true;
  const { hooks, posted, troubles } = await manager((_posted, response) => {
    response.writeHead(first ? 500 : 200).end();
    first = false;
  });
  const member = { id: idOf('a'), name: 'a', device: 'browser', role: 'member' } as const;
  const seat = { pool: 'blue', member, grant: { zones: [] } };
  hooks.onJoin(seat);
  hooks.onLeave(seat, 'lost');
  while (posted.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(posted.map(({ event }) => event)).toEqual(['joined', 'left']);
  expect(troubles).toEqual([expect.stringContaining('500')]);
});

test.each(['ftp://x.example', 'file:///etc/passwd'])('%s is no address to ask', (url) => {
  expect(() => httpHooks({ url, bearer: 'b' })).toThrow(TypeError);
});
