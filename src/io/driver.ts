// Runs one Pool machine against the real world: a clock, one timer, transports, the backhaul and a store.
import type { ControlFrame } from '../pool/control.ts';
import type { Pool, PoolOutput } from '../pool/pool.ts';
import { sign, verify, type DeviceKeys } from '../keys/identity.ts';
import type { KeyOp, KeyResult } from '../pool/ports.ts';
import type { TalkOp, TalkResult } from '../talk/ports.ts';
import { attempt } from './attempt.ts';
import type { Keeper } from './keeper.ts';
import type { PoolEvent } from '../pool/views.ts';
import type { StoreOp, StoreResult } from '../share/ports.ts';
import { Backhaul, type BackhaulEvent } from './backhaul.ts';
import { StoreError, type Store } from './store.ts';
import type { Transport, TransportFactory, TransportOptions } from './transport.ts';

/** A transport that is closed may still hold the datagram that says why: it goes out first. */
const LINGER_MS = 150;

export interface DriverSetup<Source> {
  readonly pool: Pool;
  /** Those whose public half the pool has. */
  readonly keys: DeviceKeys;
  /** Of this pool's conversation. */
  readonly keeper: Keeper;
  readonly server: string;
  readonly webSocket: (url: string) => WebSocket;
  readonly transport: TransportFactory;
  readonly store: Store<Source>;
  /** A fresh ticket for this pool, where the pool is set up as `ticketed`. May reject: it is asked again with the next connection. */
  readonly ticket?: (() => Promise<string>) | undefined;
  /** Called in order, never from inside a call to the driver's machine. */
  readonly onEvent: (event: PoolEvent) => void;
  /** The machine has heard what came of an operation of the conversation. */
  readonly onTalked: (id: number, result: TalkResult) => void;
  /** A control datagram of the application's own. */
  readonly onApplication?: (peer: string, schema: number, bytes: Uint8Array) => void;
  /** A frame of a control stream; catches what its listeners throw. */
  readonly onControl?: (frame: ControlFrame) => void;
}

export class Driver<Source> {
  readonly #setup: DriverSetup<Source>;
  readonly #backhaul: Backhaul;
  readonly #transports = new Map<number, Transport>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #armedMs = Infinity;
  #running = false;
  /** Resolves when the transport that was closed last is gone; all wait equally long. */
  #closing: Promise<void> = Promise.resolve();

  constructor(setup: DriverSetup<Source>) {
    this.#setup = setup;
    const { server: url, webSocket } = setup;
    this.#backhaul = new Backhaul({ url, webSocket, onEvent: (event) => this.#onBackhaul(event) });
    this.#backhaul.start();
    this.run((machine, now) => machine.start(now));
  }

  /** Calls the machine with the time, then performs everything it wants done. */
  run<T>(call: (pool: Pool, now: number) => T): T {
    const result = call(this.#setup.pool, performance.now());
    this.#drain();
    return result;
  }

  /** After the machine has left: lets the last words go out, then lets go of everything. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#armedMs = -Infinity; // nothing is earlier: never armed again
    this.#backhaul.stop();
    for (const id of this.#transports.keys()) this.#close(id);
    await this.#closing;
  }

  #drain(): void {
    // A listener may call back into the driver while events are handed out: the loop that runs already goes on.
    if (this.#running) return;
    this.#running = true;
    const { pool } = this.#setup;
    for (let output = pool.poll(); output !== undefined; output = pool.poll()) this.#perform(output);
    this.#running = false;
    this.#arm(pool.nextTimeout() ?? Infinity);
  }

  /** One timer, moved only when it would come too late: one that comes early finds nothing due and is armed again. */
  #arm(dueMs: number): void {
    if (dueMs >= this.#armedMs) return;
    clearTimeout(this.#timer);
    this.#armedMs = dueMs;
    this.#timer = setTimeout(
      () => {
        this.#armedMs = Infinity;
        this.run((pool, now) => pool.handle(now, { kind: 'timeout' }));
      },
      Math.max(0, dueMs - performance.now()),
    );
  }

  #perform(output: PoolOutput): void {
    switch (output.kind) {
      case 'datagram':
        this.#transports.get(output.transport)?.send(output.bytes);
        return;
      case 'event':
        return this.#tell(output.event);
      case 'application':
        attempt(() => this.#setup.onApplication?.(output.peer, output.schema, output.bytes));
        return;
      case 'control':
        return this.#setup.onControl?.(output.frame);
      case 'key':
        void this.#key(output.id, output.op);
        return;
      case 'talk':
        void this.#talk(output.id, output.op);
        return;
      case 'store':
        void this.#store(output.id, output.op);
        return;
      case 'backhaul':
        this.#backhaul.send(output.message);
        return;
      case 'ticket':
        void this.#ticket();
        return;
      case 'transport-create':
        return this.#create(output.transport, output);
      case 'transport-signal':
        this.#transports.get(output.transport)?.signal(output.signal);
        return;
      case 'transport-close':
        return this.#close(output.transport);
    }
  }

  #tell(event: PoolEvent): void {
    attempt(() => this.#setup.onEvent(event));
  }

  #create(transport: number, options: TransportOptions): void {
    const created = this.#setup.transport(options, {
      onSignal: (signal) => this.run((pool, now) => pool.handle(now, { kind: 'transport-signal', transport, signal })),
      onOpen: (path) => this.run((pool, now) => pool.handle(now, { kind: 'transport-open', transport, path })),
      onDatagram: (bytes) => this.run((pool, now) => pool.handle(now, { kind: 'datagram', transport, bytes })),
      onClosed: () => {
        this.#transports.delete(transport);
        this.run((pool, now) => pool.handle(now, { kind: 'transport-closed', transport }));
      },
    });
    this.#transports.set(transport, created);
  }

  #close(id: number): void {
    const transport = this.#transports.get(id);
    this.#transports.delete(id);
    if (transport === undefined) return;
    this.#closing = new Promise((resolve) => {
      setTimeout(() => {
        transport.close();
        resolve();
      }, LINGER_MS);
    });
  }

  #onBackhaul(event: BackhaulEvent): void {
    switch (event.kind) {
      case 'open':
        this.run((pool, now) => pool.handle(now, { kind: 'backhaul-open' }));
        return this.#tell({ kind: 'backhaul', state: 'open' });
      case 'message':
        return this.run((pool, now) => pool.handle(now, { kind: 'server', message: event.message }));
      case 'connecting':
        return this.#tell({ kind: 'backhaul', state: 'connecting' });
      case 'waiting':
        this.run((pool, now) => pool.handle(now, { kind: 'backhaul-closed' }));
        return this.#tell({ kind: 'backhaul', state: 'waiting', retryMs: event.retryMs, reason: event.reason });
      case 'refused':
        this.run((pool, now) => pool.handle(now, { kind: 'backhaul-closed' }));
        this.run((pool, now) => pool.leave(now, event.code));
        void this.stop();
    }
  }

  async #key(id: number, op: KeyOp): Promise<void> {
    const result = await performKey(this.#setup.keys, op);
    this.run((pool, now) => pool.handle(now, { kind: 'key-done', id, result }));
  }

  async #ticket(): Promise<void> {
    const ticket = await this.#setup.ticket?.().catch(() => undefined);
    this.run((pool, now) => pool.handle(now, { kind: 'ticket', ticket }));
  }

  async #talk(id: number, op: TalkOp): Promise<void> {
    const result = await this.#setup.keeper.perform(op);
    this.run((pool, now) => pool.handle(now, { kind: 'talked', id, result }));
    attempt(() => this.#setup.onTalked(id, result));
  }

  async #store(id: number, op: StoreOp): Promise<void> {
    const result = await perform(this.#setup.store, op);
    this.run((pool, now) => pool.handle(now, { kind: 'stored', id, result }));
  }
}

async function performKey(keys: DeviceKeys, op: KeyOp): Promise<KeyResult> {
  if (op.op === 'sign') return { op: 'sign', signature: await sign(keys, op.label, op.bytes) };
  return { op: 'verify', holds: await verify(op.key, op.label, op.bytes, op.signature) };
}

async function perform<Source>(store: Store<Source>, op: StoreOp): Promise<StoreResult> {
  try {
    return { ok: true, value: await call(store, op) };
  } catch (error) {
    return { ok: false, code: error instanceof StoreError ? error.code : 'store-failed' };
  }
}

async function call<Source>(store: Store<Source>, op: StoreOp): Promise<Extract<StoreResult, { ok: true }>['value']> {
  switch (op.op) {
    case 'hash':
      return store.hash(op.key, op.first, op.count);
    case 'read':
      return store.read(op.key, op.chunk, op.spare);
    case 'create':
      return store.create(op.key, op.facts, op.chunkBytes);
    case 'write':
      return store.write(op.key, op.chunk, op.bytes, op.sha256);
    case 'check':
      return store.check(op.key, op.chunk, op.sha256);
    case 'finish':
      return store.finish(op.key);
    case 'remove':
    case 'keep':
    case 'discard':
      await store[op.op](op.key);
      return undefined;
  }
}
