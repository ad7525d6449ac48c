// The bus between nodes as the rest sees it, and the desk that joins a cluster to it: in the place of a hub for the sockets' shell.
import { randomBytes } from 'node:crypto';
import type { HubFigures, HubInput, HubOutput, Present, Subject } from '../hub-ports.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import type { LinkFigures } from './links.ts';

/** Carries messages between nodes, in order from one to another, and may lose some: who sends counts them (links.ts). */
export interface Bus {
  /** Hands in what comes for `node` and what comes for all. To be called once, before anything is published. */
  subscribe(node: string, onMessage: (bytes: Uint8Array) => void): void;
  /** To one node, or to all others. Never throws; while there is no connection it drops. */
  publish(to: string | undefined, bytes: Uint8Array): void;
  readonly connected: boolean;
  /** Resolves once all that was published is out, or soon in any case. */
  close(): Promise<void>;
}

/** Where the bus is, and why it cannot be used. */
export class BusError extends Error {
  override readonly name = 'BusError';
  readonly code = 'bus';
}

/** What the sockets' shell works with: a hub, or a cluster of them. */
export interface Desk {
  handle(now: number, input: HubInput): void;
  poll(): HubOutput | undefined;
  nextTimeout(): number | null;
  figures(): HubFigures;
  /** Whoever has a place in `pool`. May reject with a BusError if nobody can be asked, or the node that knows does not answer. */
  presentIn(pool: string): readonly Present[] | Promise<readonly Present[]>;
}

/** `connected`: the bus itself is reached. */
export interface BusFigures extends LinkFigures {
  readonly connected: boolean;
}

/** What happens at a cluster without the shell having asked. */
export interface DeskListener {
  /** There is something to poll, and the next timeout may be another one. */
  wake(): void;
  /** Another node ended these sessions. */
  revoked(subject: Subject): void;
}

/** Others answer sooner, ms; whoever is alone waits no longer for them. */
const MEET_MS = 1_000;
/** Until a question counts as lost, ms. */
const ANSWER_MS = 2_000;

export class ClusterDesk implements Desk {
  readonly #cluster: Cluster;
  readonly #bus: Bus;
  readonly #node: string = randomBytes(16).toString('hex');
  readonly #questions = new Map<number, (present: readonly Present[]) => void>();
  #lastQuestion = 0;
  #listener: DeskListener | undefined;

  constructor(bus: Bus, options: Omit<ClusterOptions, 'node' | 'wallAtZeroMs'>) {
    this.#bus = bus;
    const wallAtZeroMs = Date.now() - performance.now();
    this.#cluster = new Cluster({ ...options, node: this.#node, wallAtZeroMs });
  }

  /** Begins to speak to the others, and resolves once it knows one of them and so the common clock, or soon in any case. */
  async start(listener: DeskListener): Promise<void> {
    this.#listener = listener;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MEET_MS);
      this.#bus.subscribe(this.#node, (bytes) => {
        this.#cluster.handle(performance.now(), { kind: 'bus', bytes });
        listener.wake();
        if (this.#cluster.nodes.length === 0) return;
        clearTimeout(timer);
        resolve();
      });
      this.#cluster.handle(performance.now(), { kind: 'tick' });
      listener.wake();
    });
  }

  handle(now: number, input: HubInput): void {
    this.#cluster.handle(now, input);
  }

  /** What is for the bus goes there. */
  poll(): HubOutput | undefined {
    for (let output = this.#cluster.poll(); output !== undefined; output = this.#cluster.poll()) {
      if (output.kind === 'publish') this.#bus.publish(output.to, output.bytes);
      else if (output.kind === 'revoked') this.#listener?.revoked(output.subject);
      else if (output.kind === 'looked') this.#questions.get(output.question)?.(output.present);
      else return output;
    }
    return undefined;
  }

  nextTimeout(): number | null {
    return this.#cluster.nextTimeout();
  }

  figures(): HubFigures {
    return this.#cluster.figures();
  }

  presentIn(pool: string): Promise<readonly Present[]> {
    // This node alone would take a pool of others for an empty one.
    if (!this.#bus.connected) return Promise.reject(new BusError('the bus is not reached'));
    const question = (this.#lastQuestion += 1);
    return new Promise<readonly Present[]>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(question);
        reject(new BusError('another node does not answer'));
      }, ANSWER_MS);
      this.#questions.set(question, (present) => {
        clearTimeout(timer);
        this.#questions.delete(question);
        resolve(present);
      });
      this.#cluster.handle(performance.now(), { kind: 'look', question, pool });
      this.#listener?.wake();
    });
  }

  busFigures(): BusFigures {
    return { connected: this.#bus.connected, ...this.#cluster.linkFigures() };
  }

  /** After a `stop`. */
  close(): Promise<void> {
    return this.#bus.close();
  }
}
