// The bus between nodes as the rest sees it, and the desk that joins a cluster to it: in the place of a hub for the sockets' shell.
import { randomBytes } from 'node:crypto';
import type { HubFigures, HubInput, HubOutput, Subject } from '../hub-ports.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';

/** Carries messages between nodes, in order from one to another, and may lose some: who sends counts them (links.ts). */
export interface Bus {
  /** Hands in what comes for `node` and what comes for all. To be called once, before anything is published. */
  subscribe(node: string, onMessage: (bytes: Uint8Array) => void): void;
  /** To one node, or to all others. Never throws; while there is no connection it drops. */
  publish(to: string | undefined, bytes: Uint8Array): void;
  /** Resolves once all that was published is out, or soon in any case. */
  close(): Promise<void>;
}

/** What the sockets' shell works with: a hub, or a cluster of them. */
export interface Desk {
  handle(now: number, input: HubInput): void;
  poll(): HubOutput | undefined;
  nextTimeout(): number | null;
  figures(): HubFigures;
}

/** What happens at a cluster without the shell having asked. */
export interface DeskListener {
  /** There is something to poll, and the next timeout may be another one. */
  wake(): void;
  /** Another node ended these sessions. */
  revoked(subject: Subject): void;
}

export class ClusterDesk implements Desk {
  readonly #cluster: Cluster;
  readonly #bus: Bus;
  readonly #node: string = randomBytes(16).toString('hex');
  #listener: DeskListener | undefined;

  constructor(bus: Bus, options: Omit<ClusterOptions, 'node' | 'wallAtZeroMs'>) {
    this.#bus = bus;
    const wallAtZeroMs = Date.now() - performance.now();
    this.#cluster = new Cluster({ ...options, node: this.#node, wallAtZeroMs });
  }

  /** Begins to speak to the others. */
  start(listener: DeskListener): void {
    this.#listener = listener;
    this.#bus.subscribe(this.#node, (bytes) => {
      this.#cluster.handle(performance.now(), { kind: 'bus', bytes });
      listener.wake();
    });
    this.#cluster.handle(performance.now(), { kind: 'tick' });
    listener.wake();
  }

  handle(now: number, input: HubInput): void {
    this.#cluster.handle(now, input);
  }

  /** What is for the bus goes there. */
  poll(): HubOutput | undefined {
    for (let output = this.#cluster.poll(); output !== undefined; output = this.#cluster.poll()) {
      if (output.kind === 'publish') this.#bus.publish(output.to, output.bytes);
      else if (output.kind === 'revoked') this.#listener?.revoked(output.subject);
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

  /** Other nodes that this one is linked with. */
  get nodes(): readonly string[] {
    return this.#cluster.nodes;
  }

  /** After a `stop`. */
  close(): Promise<void> {
    return this.#bus.close();
  }
}
