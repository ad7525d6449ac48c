// One stay in a pool, as join, send and receive share it: joins within bounds, reports who comes and goes, hands the
// rest of the events to the command, and leaves properly whatever the reason to end.
import type { PeerView, PoolClientFace, PoolEvent, TransferView } from '../src/client.ts';
import type { AccountProblem } from '../src/io/account-ticket.ts';
import { FileHistory } from '../src/io/history-files.ts';
import { Recorder } from '../src/io/recorder.ts';
import { deferred, timer, within } from '../src/io/waiting.ts';
import { unmetWords, type Unmet } from '../src/pool/unmet.ts';
import { accountWords } from './account-words.ts';
import { Board } from './board.ts';
import { codeOf, reasonOf } from './errors.ts';
import { leftWords } from './format.ts';
import { dataFolder, EXIT, stopped, type Cli } from './io.ts';
import type { PeerOptions } from './options.ts';
import { safeLine } from './safe-text.ts';
import { Screen } from './screen.ts';
import { openStatsFile, tellStats } from './stats.ts';

/** How long an unreachable server is tried before the first join. Later outages are waited out. */
const FIRST_JOIN_MS = 10_000;
/** Leaving flushes what was said; past this nobody is waiting for it any more. */
const CLOSE_MS = 5_000;

export interface Session {
  readonly client: PoolClientFace<string>;
  readonly screen: Screen;
  readonly board: Board;
  /** Set once the command is over and only the leaving is left. */
  readonly leaving: boolean;
}

export interface SessionPlan {
  readonly peer: PeerOptions;
  /** Where received files go, for those who receive. */
  readonly into?: string;
  /** What people call a transfer, where they give commands. */
  readonly numberOf?: (transfer: TransferView) => number | undefined;
  /** Hears every event from the start, before and after `run` is called. */
  onEvent(event: PoolEvent, session: Session): void;
  /** What to do once in the pool. Resolves to the exit code. */
  run(session: Session): Promise<number>;
  /** Last words, once out of the pool and with everything kept that is to be kept. */
  farewell?(session: Session): void;
}

/**
 * Runs `plan` in its pool. Resolves to the exit code; everything is closed by then. Throws a UsageError, before anything is
 * joined, if statistics cannot go where they should.
 */
export async function stay(cli: Cli, plan: SessionPlan): Promise<number> {
  const { peer } = plan;
  const screen = new Screen(cli, peer.json);
  const statsFile = await openStatsFile(cli, peer.stats, screen);
  const board = new Board(screen, cli.stderr, { numberOf: plan.numberOf });
  const onLeftOut = (path: string, count: number): void => {
    screen.event('left-out', { path, count });
    screen.note(`${safeLine(path)}: ${count} of its links and devices cannot be sent and are left out.`);
  };
  const onAccountLost = (error: unknown): void => {
    screen.note(
      `Whose device this is cannot be kept: ${safeLine(reasonOf(error))}. Link it again the next time.`,
      'bad',
    );
  };
  const { server, name, relayOnly } = peer;
  const data = dataFolder(cli, peer.data);
  const passphrase = cli.env['ROCKPOOL_PASSPHRASE'];
  const shown = { ...(passphrase !== undefined && { passphrase }), ...peer.shown };
  const refused = deferred<JoinOutcome>();
  const onRefused = (problem: AccountProblem): void => {
    tellFailure(screen, accountWords(problem), problem.code);
    refused.resolve({ code: EXIT.failed });
  };
  let client: PoolClientFace<string>;
  try {
    const told = { onLeftOut, onAccountLost, onRefused };
    client = await cli.openPool({ server, name, relayOnly, data, into: plan.into, shown, ...told });
  } catch (error) {
    await statsFile?.close();
    if (!isKeptCode(codeOf(error))) throw error;
    tellFailure(screen, `${reasonOf(error)}.`, codeOf(error));
    return EXIT.failed;
  }
  client.limit(peer.rates);
  const history = new FileHistory(data);
  const recorder = new Recorder(history, peer.pool, (error) => {
    screen.note(`${safeLine(reasonOf(error))}. What is sent and received from now on is not in it.`, 'bad');
  });
  const session = { client, screen, board, leaving: false };
  const out = deferred<number>();
  void refused.promise.then(({ code = EXIT.failed }) => out.resolve(code));
  const news = new News(screen, peer);
  const unsubscribe = client.subscribe((event) => {
    news.tell(event, session.leaving);
    if (event.kind === 'transfer') {
      recorder.take(event.transfer);
      if (!session.leaving) board.update(event.transfer);
    }
    if (event.kind === 'left' && !session.leaving) out.resolve(EXIT.failed);
    plan.onEvent(event, session);
  });
  const unwatch = tellStats(client, screen, statsFile);
  try {
    const joined = await Promise.race([joinWithin(client, peer, cli.stop), refused.promise]);
    if (joined.code !== undefined) {
      if (joined.message !== undefined) tellFailure(screen, joined.message);
      return joined.code;
    }
    return await Promise.race([plan.run(session), out.promise, stopped(cli.stop)]);
  } finally {
    session.leaving = true;
    board.close();
    await within(CLOSE_MS, client.close());
    unwatch();
    await within(CLOSE_MS, recorder.close());
    plan.farewell?.(session);
    await statsFile?.close();
    unsubscribe();
    screen.live = undefined;
  }
}

/** An end that is nobody's success: `error` in json mode, and words. `code` where a program may want to tell it apart. */
export function tellFailure(screen: Screen, message: string, code?: string): void {
  screen.event('error', { code, message });
  screen.note(safeLine(message), 'bad');
}

/** What this device keeps of itself and of conversations cannot be had. */
const isKeptCode = (code: string | undefined): boolean =>
  code?.startsWith('keys-') === true || code === 'store-failed' || code === 'no-space';

interface JoinOutcome {
  /** Undefined: joined. */
  readonly code?: number;
  readonly message?: string;
}

async function joinWithin(client: PoolClientFace<string>, peer: PeerOptions, stop: AbortSignal): Promise<JoinOutcome> {
  const joining: Promise<JoinOutcome> = client.join(peer.pool).then(
    () => ({}),
    (error: unknown) => ({ code: EXIT.failed, message: `Could not join ${peer.pool}: ${leftWords(reasonOf(error))}.` }),
  );
  const late = timer(FIRST_JOIN_MS);
  const message = `No server answers at ${peer.server}. Is it running there?`;
  const unreachable = late.done.then((): JoinOutcome => ({ code: EXIT.failed, message }));
  const outcome = await Promise.race([joining, unreachable, stopped(stop).then((code): JoinOutcome => ({ code }))]);
  late.cancel();
  return outcome;
}

// Says who is there, who comes and goes, and how the way to the server is.
class News {
  readonly #screen: Screen;
  readonly #peer: PeerOptions;
  /** Why a device here cannot be reached, as was told last. */
  readonly #unmet = new Map<string, Unmet>();
  #joined = false;
  #away = false;

  constructor(screen: Screen, peer: PeerOptions) {
    this.#screen = screen;
    this.#peer = peer;
  }

  tell(event: PoolEvent, leaving: boolean): void {
    switch (event.kind) {
      case 'joined':
        return this.#tellJoined(event);
      case 'backhaul':
        return this.#tellBackhaul(event);
      case 'left':
        this.#screen.event('left', { pool: event.pool, reason: event.reason });
        if (!leaving && this.#joined) this.#screen.note(`Out of the pool: ${leftWords(event.reason)}.`, 'bad');
        return;
      case 'peer-joined':
        this.#screen.event('peer-joined', peerFields(event.peer));
        return this.#screen.note(`${safeLine(event.peer.name)} is here.`);
      case 'peer-changed':
        this.#screen.event('peer-changed', peerFields(event.peer));
        return this.#tellUnmet(event.peer);
      case 'peer-left':
        // Leaving takes leave of everyone at once: they did not go.
        if (leaving) return;
        this.#unmet.delete(event.peer.id);
        this.#screen.event('peer-left', peerFields(event.peer));
        return this.#screen.note(`${safeLine(event.peer.name)} left.`);
      case 'struck': {
        const { peer, peerName, evidence } = event;
        this.#screen.event('struck', { peer, name: peerName, wrongChunks: evidence.length });
        const words = 'sent what was not in the file, again and again: nothing is taken from there any more';
        return this.#screen.note(`${safeLine(peerName)} ${words}.`, 'bad');
      }
      case 'unbound': {
        const { peer, name, code } = event;
        this.#screen.event('unbound', { peer, name, code });
        const what = code === 'identity' ? 'is somebody else' : 'may have somebody in between';
        const words = 'nothing is sent there. Ask whoever runs this server, or meet at another one.';
        return this.#screen.note(`Whoever answers as ${safeLine(name)} ${what}: ${words}`, 'bad');
      }
      case 'message':
      case 'offer':
      case 'transfer':
      case 'stats':
        return;
    }
  }

  #tellJoined(event: PoolEvent & { readonly kind: 'joined' }): void {
    const { pool, self, role, peers } = event;
    const { name, server } = this.#peer;
    this.#screen.event('joined', { pool, self, role, name, server, peers: peers.map(peerFields) });
    if (this.#joined) return; // A rejoin after an outage changes nothing for people.
    this.#joined = true;
    const names = peers.map((peer) => safeLine(peer.name)).join(', ');
    const who = peers.length === 0 ? 'Nobody else is here yet.' : `Here: ${names}.`;
    this.#screen.note(`In ${pool} as ${safeLine(name)}. ${who}`);
  }

  /** Each reason once, for as long as it holds. */
  #tellUnmet({ id, name, unmet }: PeerView): void {
    const told = this.#unmet.get(id);
    if (unmet === undefined) this.#unmet.delete(id);
    else this.#unmet.set(id, unmet);
    if (unmet !== undefined && unmet !== told) this.#screen.note(unmetWords(unmet, safeLine(name)), 'bad');
  }

  #tellBackhaul(event: PoolEvent & { readonly kind: 'backhaul' }): void {
    if (event.state !== 'waiting') {
      this.#screen.event('backhaul', { state: event.state });
      if (event.state === 'open' && this.#away) {
        this.#away = false;
        this.#screen.note('The server is back.');
      }
      return;
    }
    this.#screen.event('backhaul', { state: event.state, retryMs: event.retryMs, reason: event.reason });
    if (this.#away || !this.#joined) return;
    this.#away = true;
    this.#screen.note('The server is away. What runs between devices goes on; trying again.');
  }
}

function peerFields(peer: PeerView): object {
  const { id, name, device, role, words, path, unmet } = peer;
  return { peer: id, name, device, role, words, path, unmet };
}
