// The host's side of all its windows: one client, told of to whoever is attached and asked by whoever wants something. Windows
// come and go; the client stays in its pool.
import type { PoolClientFace } from '../io/client-face.ts';
import type { PoolEvent } from '../pool/views.ts';
import type { Channel } from './channel.ts';
import type { HostFace } from './host-face.ts';
import { Memory } from './memory.ts';
import { SharedStreams } from './shared-streams.ts';
import { WindowEnd } from './window-end.ts';

/** How often the clock and the counts of control streams are looked at while nothing else happens, ms. */
const TICK_MS = 1000;

export class ClientServer {
  readonly #client: PoolClientFace<string>;
  readonly #host: HostFace;
  readonly #memory = new Memory();
  readonly #streams: SharedStreams;
  readonly #windows = new Set<WindowEnd>();
  /** The client left its pool, and is not on its way to another one yet. */
  #over = false;
  #joining: { readonly pool: string; readonly done: Promise<void> } | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Before the client joins its first pool. */
  constructor(client: PoolClientFace<string>, host: HostFace) {
    this.#client = client;
    this.#host = host;
    this.#streams = new SharedStreams(client);
    client.subscribe((event) => this.#onEvent(event));
    host.subscribe((event) => {
      for (const window of this.#windows) window.hostEvent(event);
    });
  }

  /** Serves a window until its channel closes. */
  attach(channel: Channel): void {
    const window: WindowEnd = new WindowEnd({
      client: this.#client,
      host: this.#host,
      memory: this.#memory,
      streams: this.#streams,
      channel,
      joining: (pool) => this.#joining?.pool === pool,
      join: (pool) => this.join(pool),
      onClosed: () => this.#detach(window),
    });
    this.#windows.add(window);
    this.#timer ??= setInterval(() => {
      for (const each of this.#windows) each.tick();
    }, TICK_MS);
  }

  #detach(window: WindowEnd): void {
    this.#windows.delete(window);
    if (this.#windows.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** As the client joins it. Whoever asks for the same pool meanwhile, window or host, joins it with that. */
  join(pool: string): Promise<void> {
    if (this.#joining?.pool === pool) return this.#joining.done;
    const done = this.#client.join(pool).finally(() => {
      if (this.#joining?.done === done) this.#joining = undefined;
    });
    this.#joining = { pool, done };
    return done;
  }

  #onEvent(event: PoolEvent): void {
    if (this.#over && begins(event)) {
      this.#over = false;
      this.#memory.clear();
      for (const window of this.#windows) window.clear();
    }
    if (event.kind === 'left') this.#over = true;
    this.#memory.note(event);
    for (const window of this.#windows) window.event(event);
  }
}

/** Of the last pool some news may still come after it was left, but no way to a server opens for it. */
const begins = (event: PoolEvent): boolean =>
  event.kind === 'joined' || (event.kind === 'backhaul' && event.state === 'connecting');
