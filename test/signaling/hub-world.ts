// A hub with a virtual clock and remembered outputs, as the hub's tests drive it.
import { expect } from '@jest/globals';
import { Hub } from '../../signaling/hub.ts';
import type { Grant, HubInput, HubOutput, HubRequest } from '../../signaling/hub-ports.ts';
import type { HubLimits } from '../../signaling/limits.ts';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import type { IceServer, ServerMessage, Signal } from '../../src/wire/signaling.ts';

/** The id of the device called `letter`. */
export const idOf = (letter: string): string => Buffer.from(letter.repeat(16)).toString('hex');

/** The server's wall clock minus its monotonic one. */
export const WALL_OFFSET_MS = 1_700_000_000_000;

export const offer: Signal = { kind: 'offer', sdp: 'v=0' };

export class HubWorld {
  readonly hub: Hub;
  now = 1_000;
  #outputs: HubOutput[] = [];
  #sockets = 0;

  constructor(limits: Partial<HubLimits> = {}, iceServers: readonly IceServer[] = []) {
    this.hub = new Hub({ limits, iceServers: () => iceServers });
  }

  /** Hands in one input and drains the hub, as its contract asks. */
  handle(input: HubInput): void {
    this.hub.handle(this.now, input);
    for (let output = this.hub.poll(); output !== undefined; output = this.hub.poll()) this.#outputs.push(output);
  }

  open(): number {
    const socket = ++this.#sockets;
    this.handle({ kind: 'opened', socket });
    return socket;
  }

  say(socket: number, request: HubRequest, bytes = 100): void {
    this.handle({ kind: 'frame', socket, bytes, wallMs: this.now + WALL_OFFSET_MS, request });
  }

  /** Joins the device called `letter`, through `socket` or a new one. */
  join(
    letter: string,
    pool: string,
    socket: number = this.open(),
    name: string = letter,
    grant?: Partial<Grant>,
  ): number {
    const id = idOf(letter);
    const admitted = { zones: [], ...grant };
    this.say(socket, { kind: 'join', version: PROTOCOL_VERSION, pool, id, name, device: 'browser', grant: admitted });
    return socket;
  }

  /** Its socket goes without a word. */
  drop(socket: number): void {
    this.handle({ kind: 'dropped', socket });
  }

  relay(socket: number, letter: string): void {
    this.say(socket, { kind: 'relay', peer: idOf(letter), attempt: 7, signal: offer });
  }

  /** Lets `ms` go by, with a tick whenever the hub asked for one. */
  wait(ms: number): void {
    const end = this.now + ms;
    for (let at = this.hub.nextTimeout(); at !== null && at <= end; at = this.hub.nextTimeout()) {
      expect(at).toBeGreaterThanOrEqual(this.now);
      this.now = at;
      this.handle({ kind: 'tick' });
    }
    this.now = end;
  }

  /** Everything the hub put out since it was last asked. */
  take(): HubOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** What `socket` was sent since `take` was last called. */
  sentTo(socket: number): ServerMessage[] {
    return this.#outputs.flatMap((output) =>
      output.kind === 'send' && output.sockets.includes(socket) ? [output.message] : [],
    );
  }

  /** The codes of the sockets closed since `take` was last called. */
  closed(): Record<number, string> {
    return Object.fromEntries(
      this.#outputs.flatMap((output) => (output.kind === 'close' ? [[output.socket, output.code]] : [])),
    );
  }

  /** When the sockets closed since `take` was last called are to come back, ms. */
  retries(): (number | undefined)[] {
    return this.#outputs.flatMap((output) => (output.kind === 'close' ? [output.retryMs] : []));
  }

  /** What the hooks were told since `take` was last called: who came, or why somebody went, in which pool. */
  seats(): string[] {
    return this.#outputs.flatMap((output) => {
      if (output.kind === 'entered') return [`${output.seat.member.name} in ${output.seat.pool}`];
      return output.kind === 'vacated' ? [`${output.seat.member.name} ${output.why} ${output.seat.pool}`] : [];
    });
  }

  probes(): number[] {
    return this.#outputs.flatMap((output) => (output.kind === 'probe' ? [output.socket] : []));
  }
}
