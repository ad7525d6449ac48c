// What the link costs the processor and nothing else: two Link machines in one process, chunks from one to the other in
// datagrams of one SCTP packet, acks back, a clock that is only a number and a path that is only an array. Copying each datagram once, as a
// transport does, is part of what is measured.
import { Link, type LinkOutput } from '../src/link/link.ts';
import { Random } from '../src/sim/random.ts';
import { DATAGRAM_BYTES_MIN, DatagramWriter, decodeDatagram, frameBytes, type Frame } from '../src/wire/datagram.ts';
import { aesGcmSeal } from '../src/wire/seal-aes-gcm.ts';
import type { Seal } from '../src/wire/seal.ts';
import { measureRounds, type BenchmarkOptions, type BenchmarkResult } from './harness.ts';

export const about: string = 'CPU per datagram of the link machine alone, in and out, on Node';
/** Short, so many: the median then stands above what else the machine was doing. */
export const rounds = 7;
export const defaults: Record<string, string> = { datagrams: '200000' };

/** Between what one end says and the other hears, ms: the driver of a busy link sees its datagrams in such batches. */
const STEP_MS = 1;
/** What the path takes in a step: 1 Gbit/s, so that windows and queues are of a size they have in life. */
const PATH_DATAGRAMS = Math.floor(1e9 / 8 / 1000 / DATAGRAM_BYTES_MIN) * STEP_MS;
/** Datagrams that may wait for the path: well above what a window lets go. */
const SLOTS = 16_384;
/** Ten control datagrams each: well within the budget of bytes that control has. */
const CONTROL_STEP_MS = 10;
const CHUNK_BYTES = 256 * 1024;
const CONTROL_BYTES = 64;
/** A control datagram that waits this long is of no use; none waits here. */
const CONTROL_DEADLINE_MS = 100;
const CONTROL_SCHEMA = 256;
/** Steps in a row without a datagram that bring an error instead of a wait without end. */
const IDLE_STEPS_MAX = 20_000;

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const datagrams = Number(options.values['datagrams']);
  if (!Number.isInteger(datagrams) || datagrams < 1000) {
    throw new RangeError(`--datagrams: expected 1000 or more, got ${options.values['datagrams']}`);
  }
  measureAll(datagrams / 4); // compiles everything
  return measureRounds(options, async () => measureAll(datagrams));
}

function measureAll(datagrams: number): Record<string, number> {
  return {
    ...measureBulk(datagrams),
    ...measureControl(datagrams / 4),
    ...measureWire('', chunkFrame(frameBytes('chunk')), datagrams),
    ...measureWire(
      'control_',
      { kind: 'control', schema: CONTROL_SCHEMA, bytes: new Uint8Array(CONTROL_BYTES) },
      datagrams,
    ),
    ...measureSeal(datagrams / 20),
  };
}

/** One end: a Link, and what it said and nobody has heard yet, in order. */
class End {
  readonly link: Link;
  /** Used round and round: the bytes of a datagram hold only until the machine is called again. */
  readonly #slots: Uint8Array[] = Array.from({ length: SLOTS }, () => new Uint8Array(DATAGRAM_BYTES_MIN));
  #heard = 0;
  said = 0;

  constructor(role: 'initiator' | 'acceptor', random: Random) {
    const setup = { role, random: (n: number) => random.bytes(n) } as const;
    this.link = new Link({ ...setup, options: { datagramSizes: [DATAGRAM_BYTES_MIN] } });
  }

  /** Polls until there is nothing more; everything but datagrams goes to `other`. */
  drain(other: (output: LinkOutput) => void): void {
    for (let output = this.link.poll(); output !== undefined; output = this.link.poll()) {
      if (output.kind === 'datagram') this.#keep(output.bytes);
      else other(output);
    }
  }

  /** Gives the other end what was said first, `max` datagrams at most. */
  deliverTo(end: End, now: number, max = SLOTS): void {
    const until = Math.min(this.said, this.#heard + max);
    for (; this.#heard < until; this.#heard++) {
      const bytes = this.#slots[this.#heard % SLOTS];
      if (bytes !== undefined) end.link.handle(now, { kind: 'datagram', bytes });
    }
  }

  tick(now: number): void {
    const atMs = this.link.nextTimeout();
    if (atMs !== undefined && now >= atMs) this.link.handle(now, { kind: 'timeout' });
  }

  #keep(bytes: Uint8Array): void {
    if (this.said - this.#heard >= SLOTS) throw new Error(`more than ${SLOTS} datagrams wait for the path`);
    const index = this.said++ % SLOTS;
    const slot = this.#slots[index];
    if (slot?.length === bytes.length) slot.set(bytes);
    else this.#slots[index] = bytes.slice();
  }
}

const ignore = (): void => {};

/** Two ends whose handshake is done. */
function opened(): { sender: End; receiver: End; now: number } {
  const random = new Random(1);
  const sender = new End('initiator', random);
  const receiver = new End('acceptor', random);
  for (const end of [receiver, sender]) end.link.handle(0, { kind: 'transport-open' });
  let now = 0;
  while (sender.link.state !== 'open' || receiver.link.state !== 'open') {
    now += STEP_MS;
    sender.drain(ignore);
    sender.deliverTo(receiver, now);
    receiver.drain(ignore);
    receiver.deliverTo(sender, now);
    if (now > IDLE_STEPS_MAX) throw new Error('the handshake did not end');
  }
  return { sender, receiver, now };
}

/** A file's worth of chunks. All figures are per datagram of the sender, whichever end spent the time. */
function measureBulk(datagrams: number): Record<string, number> {
  const { sender, receiver, now: openedMs } = opened();
  const data = new Random(2).bytes(CHUNK_BYTES);
  let now = openedMs;
  let asked = 0;
  const ask = (): void => {
    while (receiver.link.requestChunk(now, 1, asked, CHUNK_BYTES) === 'ok') asked++;
  };
  const onReceived = (output: LinkOutput): void => {
    if (output.kind === 'chunk') receiver.link.releaseChunk(now, output.bytes.length, output.bytes);
    if (output.kind === 'closed') throw new Error(`the receiver closed: ${output.code}`);
  };
  const unanswered: number[] = [];
  const onSent = (output: LinkOutput): void => {
    if (output.kind === 'chunk-request') unanswered.push(output.request);
    if (output.kind === 'closed') throw new Error(`the sender closed: ${output.code}`);
  };
  const answer = (): void => {
    for (let next = unanswered[0]; next !== undefined; next = unanswered[0]) {
      if (sender.link.sendChunk(now, next, data) === 'blocked') return;
      unanswered.shift();
    }
  };

  const phases = { in: 0, acks: 0, out: 0 };
  const first = sender.said;
  const target = first + datagrams;
  let idle = 0;
  ask();
  const startUs = cpuUs();
  for (let before = first; sender.said < target; before = sender.said) {
    now += STEP_MS;
    const startMs = performance.now();
    sender.deliverTo(receiver, now, PATH_DATAGRAMS);
    receiver.tick(now);
    const heardMs = performance.now();
    receiver.drain(onReceived);
    ask();
    receiver.drain(onReceived);
    receiver.deliverTo(sender, now);
    const ackedMs = performance.now();
    sender.tick(now);
    answer();
    sender.drain(onSent);
    phases.in += heardMs - startMs;
    phases.acks += ackedMs - heardMs;
    phases.out += performance.now() - ackedMs;
    idle = sender.said === before ? idle + 1 : 0;
    if (idle > IDLE_STEPS_MAX) throw new Error(`nothing more was sent after ${sender.said} datagrams`);
  }
  // Asking for processor time takes too long to be done in every step: wall time says how it divides.
  const perDatagram = (cpuUs() - startUs) / (sender.said - first);
  const perPhase = perDatagram / (phases.in + phases.acks + phases.out);
  return {
    us_per_datagram: perDatagram,
    us_out: phases.out * perPhase,
    us_in: phases.in * perPhase,
    us_acks: phases.acks * perPhase,
  };
}

/** Control datagrams alone, ten a step, as ten streams might send them. */
function measureControl(datagrams: number): Record<string, number> {
  const { sender, receiver, now: openedMs } = opened();
  const bytes = new Random(3).bytes(CONTROL_BYTES);
  const arrived = { total: 0 };
  const onReceived = (output: LinkOutput): void => {
    if (output.kind === 'control') arrived.total++;
  };
  let now = openedMs;
  let idle = 0;
  const startUs = cpuUs();
  while (arrived.total < datagrams) {
    now += CONTROL_STEP_MS;
    const before = arrived.total;
    for (let i = 0; i < 10; i++) {
      sender.link.sendControl(now, CONTROL_SCHEMA, bytes, now + CONTROL_DEADLINE_MS);
      sender.drain(ignore);
    }
    sender.deliverTo(receiver, now);
    receiver.tick(now);
    receiver.drain(onReceived);
    receiver.deliverTo(sender, now);
    sender.tick(now);
    sender.drain(ignore);
    idle = arrived.total === before ? idle + 1 : 0;
    if (idle > IDLE_STEPS_MAX) throw new Error(`no control datagram arrived after ${arrived.total}`);
  }
  return { us_per_control_datagram: (cpuUs() - startUs) / arrived.total };
}

/** Writing and reading one datagram, without a link around it. */
function measureWire(prefix: string, frame: Frame, datagrams: number): Record<string, number> {
  const writer = new DatagramWriter();
  const bytes = written(writer, 0, frame);
  let total = 0;
  const startUs = cpuUs();
  for (let packet = 0; packet < datagrams; packet++) total += written(writer, packet, frame).length;
  const writtenUs = cpuUs();
  for (let i = 0; i < datagrams; i++) total += decodeDatagram(bytes)?.kind === 'data' ? 1 : 0;
  const readUs = cpuUs();
  if (total !== datagrams * (bytes.length + 1)) throw new Error('the datagram does not read back');
  return {
    [`us_${prefix}encode`]: (writtenUs - startUs) / datagrams,
    [`us_${prefix}decode`]: (readUs - writtenUs) / datagrams,
  };
}

/** The same datagram sealed and opened: megabytes (10^6) of datagrams a second, each way. */
function measureSeal(datagrams: number): Record<string, number> {
  const key = new Random(4).bytes(32);
  const [ours, theirs] = [aesGcmSeal(key, 'initiator'), aesGcmSeal(key, 'acceptor')];
  const frame = chunkFrame(frameBytes('chunk') + ours.overheadBytes);
  const writer = new DatagramWriter();
  const bytes = written(writer, 0, frame, ours).slice();
  const startUs = cpuUs();
  for (let packet = 1; packet <= datagrams; packet++) written(writer, packet, frame, ours);
  const sealedUs = cpuUs();
  for (let i = 0; i < datagrams; i++) {
    if (decodeDatagram(bytes, theirs)?.kind !== 'data') throw new Error('the sealed datagram does not open');
  }
  const openedUs = cpuUs();
  return {
    seal_mbyte_per_s: (bytes.length * datagrams) / (sealedUs - startUs),
    open_mbyte_per_s: (bytes.length * datagrams) / (openedUs - sealedUs),
  };
}

/** Fills a datagram of one packet to the last byte. */
function chunkFrame(overheadBytes: number): Frame {
  const header = written(new DatagramWriter(), 0, { kind: 'ping' }).length - 1;
  return { kind: 'chunk', request: 7, offset: 0, bytes: new Uint8Array(DATAGRAM_BYTES_MIN - header - overheadBytes) };
}

function written(writer: DatagramWriter, packet: number, frame: Frame, seal?: Seal): Uint8Array {
  writer.begin(DATAGRAM_BYTES_MIN, { session: 0x1234_5678_9abc_def0n, lane: 0, packet, timeUs: packet * 1000 }, seal);
  writer.add(frame);
  return writer.finish();
}

/** Processor time of this process so far, all its threads, microseconds: what else runs on the machine has no part in it. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
