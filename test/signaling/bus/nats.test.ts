// Three nodes, each a process, over a real nats-server with TLS and a password: one is cut off, one stopped, one killed, one drained. Members stay in
// their pools, and within 10 s all who are there have met.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { checkBus } from '../../../signaling/doctor/check-web.ts';
import { decodeServer, encodeClient, type ServerMessage } from '../../../src/wire/signaling.ts';
import { idOf, joinOf } from '../raw-client.ts';
import { natsMissing, startNats, startWay, type RunningNats, type Way } from './nats-server.ts';

jest.setTimeout(60_000);

if (natsMissing !== undefined) process.stderr.write(`bus/nats.test.ts: skipped, ${natsMissing}\n`);

/** Enough that each node most probably owns some. */
const POOLS = ['ash', 'birch', 'cedar', 'elm', 'fir', 'hazel'].map((tree) => `${tree}-pool`);
const MEET_MS = 10_000;

interface Node {
  readonly url: string;
  /** Its way to the bus. */
  readonly way: Way;
  /** Resolves at once, and after SIGKILL when it is gone. */
  signal(name: NodeJS.Signals): Promise<void>;
}

/** A member of a pool at one node, and whom it sees there. */
class Member {
  readonly letter: string;
  readonly pool: string;
  readonly peers = new Set<string>();
  readonly heard: string[] = [];
  closed: string | undefined;
  readonly #socket: WebSocket;

  constructor(url: string, letter: string, pool: string) {
    this.letter = letter;
    this.pool = pool;
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    this.#socket.on('error', () => {});
    this.#socket.on('close', (code, reason) => (this.closed = `${code} ${reason.toString()}`));
    this.#socket.on('message', (data: Buffer) => {
      const message = decodeServer(data);
      if (message !== undefined) this.#hear(message);
    });
  }

  call(letter: string): void {
    const signal = { kind: 'offer', sdp: `from ${this.pool}` } as const;
    this.#socket.send(encodeClient({ kind: 'relay', peer: idOf(letter), attempt: 7, signal }));
  }

  close(): void {
    this.#socket.terminate();
  }

  #hear(message: ServerMessage): void {
    if (message.kind === 'challenge') this.#socket.send(encodeClient(joinOf(this.letter, this.pool, message.nonce)));
    else if (message.kind === 'welcome') {
      this.peers.clear();
      for (const { id } of message.peers) this.peers.add(id);
    } else if (message.kind === 'peer-joined') this.peers.add(message.peer.id);
    else if (message.kind === 'peer-left') this.peers.delete(message.id);
    else if (message.kind === 'relayed' && message.signal.kind === 'offer') this.heard.push(message.signal.sdp);
  }
}

/** Resolves once nothing is `missing`; rejects with what is after `mostMs`. */
async function until(missing: () => readonly string[] | Promise<readonly string[]>, mostMs: number): Promise<void> {
  const end = performance.now() + mostMs;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it is so
    const left = await missing();
    if (left.length === 0) return;
    if (performance.now() > end) throw new Error(`after ${mostMs} ms: ${left.slice(0, 5).join('; ')}`);
    // oxlint-disable-next-line no-await-in-loop -- until it is so
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}

const strangers = (members: readonly Member[]) => (): string[] =>
  members.flatMap((member) => {
    const wanted = members.filter(({ pool, letter }) => pool === member.pool && letter !== member.letter);
    const seen = [...member.peers].sort().join();
    if (member.closed !== undefined) return [`${member.letter} was closed: ${member.closed}`];
    return seen ===
      wanted
        .map(({ letter }) => idOf(letter))
        .sort()
        .join()
      ? []
      : [`${member.letter} sees ${seen}`];
  });

(natsMissing === undefined ? describe : describe.skip)('three nodes over NATS', () => {
  let folder: string;
  let nats: RunningNats;
  let nodes: Node[] = [];
  let members: Member[] = [];

  const startNode = async (): Promise<Node> => {
    const way = await startWay(nats.port);
    const child = spawn(process.execPath, [join(folder, 'main.mjs'), `tls://nodes:p%40ss@127.0.0.1:${way.port}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: nats.certificate },
    });
    const exit = once(child, 'close');
    const signal = async (name: NodeJS.Signals): Promise<void> => {
      child.kill(name);
      if (name === 'SIGKILL') await exit;
    };
    const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return { url, way, signal };
  };
  const letterOf = (pool: number, node: number): string => String.fromCharCode(97 + 3 * pool + node);
  const at = (node: number): Member[] => members.filter(({ letter }) => (letter.charCodeAt(0) - 97) % 3 === node);
  const comeTo = (node: number, letter: string, pool: string): Member =>
    new Member(nodes[node]?.url ?? '', letter, pool);
  const readiness = async (node: number): Promise<string> => {
    const answer = await fetch(`${nodes[node]?.url}/readyz`);
    return `${answer.status} ${/without|Ready$/.exec((await answer.text()).trim())?.[0]}`;
  };
  const meet = (): Promise<void> => until(strangers(members), MEET_MS);
  /** Everybody is heard by everybody else of its pool, and by nobody of another one. */
  const callAll = async (): Promise<void> => {
    for (const member of members) member.heard.length = 0;
    for (const member of members) for (const { letter } of members) member.call(letter);
    await until(() => members.flatMap(({ letter, heard }) => (heard.length < 2 ? [letter] : [])), MEET_MS);
    for (const { pool, heard } of members) expect(heard).toEqual([`from ${pool}`, `from ${pool}`]);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rockpool-bus-'));
    nats = await startNats({ tls: true }, '--user', 'nodes', '--pass', 'p@ss');
    const bundler = join(import.meta.dirname, '../../support/bundle-node.mjs');
    await promisify(execFile)(process.execPath, [bundler, join(import.meta.dirname, 'node.ts'), folder]);
    nodes = await Promise.all([startNode(), startNode(), startNode()]);
    members = POOLS.flatMap((pool, i) => [0, 1, 2].map((node) => comeTo(node, letterOf(i, node), pool)));
  });

  afterAll(async () => {
    for (const member of members) member.close();
    await Promise.all(nodes.map(({ signal }) => signal('SIGKILL')));
    for (const { way } of nodes) way.close();
    await nats.close();
    await rm(folder, { recursive: true });
  });

  test('introduce their members to each other, and pass their signals on', async () => {
    await meet();
    await callAll();
  });

  test('go on when one is cut off, and are one again after it', async () => {
    nodes[1]?.way.cut();
    await until(strangers([...at(0), ...at(2)]), MEET_MS);
    await until(strangers(at(1)), MEET_MS);
    // It serves on, and says that it is alone.
    await until(async () => ((await readiness(1)) === '200 without' ? [] : ['readyz']), MEET_MS);
    expect(await checkBus(nodes[1]?.url ?? '')).toMatchObject({ verdict: 'broken' });
    nodes[1]?.way.mend();
    await meet();
    await callAll();
    expect(await readiness(1)).toBe('200 Ready');
    expect(await checkBus(nodes[1]?.url ?? '')).toMatchObject({
      verdict: 'ok',
      words: expect.stringContaining('2 more'),
    });
  });

  test('go on when one is stopped, and are one again after it', async () => {
    await nodes[2]?.signal('SIGSTOP');
    await until(strangers([...at(0), ...at(1)]), MEET_MS);
    await nodes[2]?.signal('SIGCONT');
    await meet();
    await callAll();
  });

  test('go on when one is killed: nobody else notices, and its members come to another one', async () => {
    await nodes[1]?.signal('SIGKILL');
    const others = [...at(0), ...at(2)];
    const back = at(1).map(({ letter, pool }) => comeTo(0, letter, pool));
    members = [...others, ...back];
    await meet();
    await callAll();
  });

  test('go on when one drains: its members are told to come back, and nobody else notices', async () => {
    const going = at(2);
    await nodes[2]?.signal('SIGTERM');
    await until(() => going.flatMap(({ closed, letter }) => (closed === undefined ? [letter] : [])), MEET_MS);
    for (const { closed } of going) expect(closed).toMatch(/^1012 restarting \d+$/);
    members = [...at(0), ...at(1), ...going.map(({ letter, pool }) => comeTo(0, letter, pool))];
    await meet();
    await callAll();
  });
});
