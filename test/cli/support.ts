// Stands in for the world around a command: captured streams, and a pool without a network that a test plays.
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll } from '@jest/globals';
import type { ControlStream, Datagrams, OfferView, PeerView, PoolClientFace } from '../../src/client.ts';
import type { OfferOptions, PoolEvent, PoolStats, SayOptions, TransferView } from '../../src/client.ts';
import type { ShareRates } from '../../src/share/share.ts';
import type { LogWriter } from '../../src/io/log-writer.ts';
import type { Cli, OpenPoolOptions, Output, StopSignal } from '../../cli/io.ts';
import { run } from '../../cli/run.ts';
import { FakeTalk, FakeTalkHistory } from './fake-talk.ts';

/** Nobody's home: what commands store lands here and goes with the test file. */
export const HOME: string = mkdtempSync(join(tmpdir(), 'rockpool-home-'));
afterAll(() => rmSync(HOME, { recursive: true, force: true }));

/** Emits nothing, but a prompt wants to hear when its terminal is resized. */
export class Sink extends EventEmitter implements Output {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 80;
  readonly rows = 24;
  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
  /** Every JSON line; throws if a line is not JSON. */
  get events(): readonly Record<string, unknown>[] {
    const lines = this.text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

export const MARA: PeerView = { id: 'a'.repeat(32), name: 'Mara', device: 'browser', role: 'owner', path: 'direct' };
export const JO: PeerView = { id: 'b'.repeat(32), name: 'Jo', device: 'terminal', role: 'member', path: 'direct' };

/** A pool whose events come from the test. Calls are recorded as `name:argument`. */
export class FakePool implements PoolClientFace<string> {
  peers: readonly PeerView[] = [];
  offers: readonly OfferView[] = [];
  transfers: readonly TransferView[] = [];
  readonly calls: string[] = [];
  readonly options: OpenPoolOptions;
  /** How `join` ends. */
  joining: () => Promise<void> = () => Promise.resolve();
  /** What `say` waits for. */
  saying: () => Promise<void> = () => Promise.resolve();
  /** What was said arrives at once at everyone who is linked. */
  arriving = true;
  readonly talk: FakeTalk = new FakeTalk({
    calls: this.calls,
    peers: () => this.peers,
    emit: (event) => this.emit(event),
    saying: () => this.saying(),
    arriving: () => this.arriving,
  });
  readonly talkHistory: FakeTalkHistory = new FakeTalkHistory();
  #listeners: ((event: PoolEvent) => void)[] = [];

  constructor(options: OpenPoolOptions) {
    this.options = options;
  }
  subscribe(listener: (event: PoolEvent) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== listener);
    };
  }
  stats(listener: (stats: PoolStats) => void): () => void {
    this.watchers += 1;
    const stop = this.subscribe((event) => event.kind === 'stats' && listener(event.stats));
    return () => {
      this.watchers -= 1;
      stop();
    };
  }
  control<_Up, Down>(): ControlStream<Down> {
    return { update: () => {}, stats: undefined, stop: () => {} };
  }
  datagrams(): Datagrams {
    return { send: () => 'dropped', stop: () => {} };
  }
  /** Who listens for statistics. */
  watchers = 0;
  readonly poolTimeMs: number = 0;
  emit(event: PoolEvent): void {
    if (event.kind === 'offer') this.offers = [...this.offers.filter(({ id }) => id !== event.offer.id), event.offer];
    if (event.kind === 'transfer') {
      const { transfer: news } = event;
      this.transfers = [...this.transfers.filter(({ id }) => id !== news.id), news];
    }
    for (const listener of this.#listeners) listener(event);
  }
  come(peer: PeerView): void {
    this.peers = [...this.peers, peer];
    this.emit({ kind: 'peer-joined', peer });
  }
  async join(pool: string): Promise<void> {
    this.calls.push(`join:${pool}`);
    await this.joining();
    this.emit({ kind: 'joined', pool, self: 'f'.repeat(32), role: 'member', peers: this.peers });
  }
  leave(): Promise<void> {
    return Promise.resolve();
  }
  say(text: string, options?: SayOptions): Promise<string> {
    return this.talk.say(text, options);
  }
  signReport(): ReturnType<PoolClientFace<string>['signReport']> {
    return Promise.resolve({ pool: '', signKey: new Uint8Array(32), signature: new Uint8Array(64) });
  }
  offer(sources: readonly string[], { to, before }: OfferOptions = {}): Promise<string> {
    const how = `${to === undefined ? '' : ` to ${to.join(',')}`}${before === undefined ? '' : ` as in ${before}`}`;
    this.calls.push(`offer:${sources.length}${how}`);
    const files = sources.map((path, number) => ({ number, name: path.split('/').at(-1) ?? '', bytes: 4 }));
    const offer: OfferView = {
      id: 'o1',
      from: 'self',
      name: 'me',
      own: true,
      atMs: 0,
      files,
      private: to !== undefined,
      ...(to === undefined ? {} : { to }),
      entry: before ?? 'told',
      state: 'open',
    };
    this.emit({ kind: 'offer', offer });
    return Promise.resolve(offer.id);
  }
  accept(offer: string, files?: readonly number[]): void {
    this.calls.push(files === undefined ? `accept:${offer}` : `accept:${offer}:${files.join(',')}`);
  }
  decline(): void {}
  rename(): Promise<void> {
    return Promise.resolve();
  }
  withdraw(offer: string): Promise<void> {
    this.calls.push(`withdraw:${offer}`);
    return Promise.resolve();
  }
  cancel(transfer: string): void {
    this.calls.push(`cancel:${transfer}`);
  }
  pause(transfer: string): void {
    this.calls.push(`pause:${transfer}`);
  }
  resume(transfer: string): void {
    this.calls.push(`resume:${transfer}`);
  }
  retry(transfer: string): void {
    this.calls.push(`retry:${transfer}`);
  }
  recheck(transfer: string): void {
    this.calls.push(`recheck:${transfer}`);
  }
  move(): void {}
  limit(rates: ShareRates): void {
    this.rates = rates;
  }
  rates: ShareRates = {};
  settled(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }
}

export interface Stage {
  readonly cli: Cli;
  readonly stdin: PassThrough;
  readonly stdout: Sink;
  readonly stderr: Sink;
  stop(signal: StopSignal): void;
  /** The pool the command opened, once it has. */
  pool(): Promise<FakePool>;
}

export interface StageOptions {
  readonly tty?: boolean;
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly serve?: Cli['serve'];
  readonly desktop?: Cli['desktop'];
  readonly joining?: () => Promise<void>;
  readonly openLog?: Cli['openLog'];
  /** Gets the pool before anything happens in it. */
  readonly before?: (pool: FakePool) => void;
}

/** A log that keeps its records. */
export class FakeLog implements LogWriter {
  readonly records: object[] = [];
  closed = false;
  write(record: object): void {
    this.records.push(record);
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

export function makeStage({
  tty = false,
  home = HOME,
  env = {},
  serve,
  desktop,
  joining,
  openLog,
  before,
}: StageOptions = {}): Stage {
  const stdin = Object.assign(new PassThrough(), { isTTY: tty });
  const stdout = new Sink(tty);
  const stderr = new Sink(tty);
  const stopper = new AbortController();
  let opened: (pool: FakePool) => void = () => undefined;
  const pool = new Promise<FakePool>((resolve) => (opened = resolve));
  const cli: Cli = {
    stdin,
    stdout,
    stderr,
    env,
    hostname: 'test-host.example',
    home,
    stop: stopper.signal,
    openPool: (options) => {
      const made = new FakePool(options);
      if (joining !== undefined) made.joining = joining;
      before?.(made);
      opened(made);
      return Promise.resolve(made);
    },
    openLog: openLog ?? (() => Promise.reject(new Error('no log in this test'))),
    desktop: desktop ?? (() => Promise.reject(new Error('no desktop in this test'))),
    serve: serve ?? (() => Promise.reject(new Error('no server in this test'))),
  };
  return { cli, stdin, stdout, stderr, stop: (signal) => stopper.abort(signal), pool: () => pool };
}

/** Runs a command on a fresh stage until it has opened its pool. `done` resolves to its exit code. */
export async function start(
  argv: readonly string[],
  options: StageOptions = {},
): Promise<Omit<Stage, 'pool'> & { readonly pool: FakePool; readonly done: Promise<number> }> {
  const stage = makeStage(options);
  const done = run(argv, stage.cli);
  return { ...stage, done, pool: await stage.pool() };
}

/** Runs a command on a fresh stage without a pool: for usage errors and help. */
export async function runAlone(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { cli, stdout, stderr } = makeStage();
  const code = await run(argv, cli);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** A transfer to Mara (or from her) of 4 bytes; `changes` say the rest. */
export function transfer(changes: Partial<TransferView>): TransferView {
  return {
    id: 't1',
    offer: 'o1',
    direction: 'out',
    peer: MARA.id,
    peerName: MARA.name,
    name: 'a.txt',
    bytes: 4,
    doneBytes: 0,
    keptBytes: 0,
    bytesPerSecond: 0,
    state: 'running',
    seconds: 0.5,
    sources: [],
    ...changes,
  };
}

/** In hex, as the commands say it. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Lets promises that are due run on. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until `check` holds, at most 5 s. */
export async function until(check: () => boolean, what = 'it'): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!check()) {
    if (performance.now() > endMs) throw new Error(`waited 5 s for ${what}`);
    // oxlint-disable-next-line no-await-in-loop -- polling is the point
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
