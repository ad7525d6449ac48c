// What the link tests share: recognizable payloads, hand-made datagrams and a way to read what an end said.
import type { LinkEnd } from '../../src/sim/link-pair.ts';
import { Link, type LinkOutput } from '../../src/link/link.ts';
import type { LinkOptions } from '../../src/link/options.ts';
import { Random } from '../../src/sim/random.ts';
import type { LinkCode } from '../../src/wire/codes.ts';
import {
  DATAGRAM_BYTES_MAX,
  DatagramWriter,
  decodeDatagram,
  encodeControl,
  type Control,
  type Data,
  type Datagram,
  type Frame,
} from '../../src/wire/datagram.ts';

/** Bytes that follow from `index`, so that a mix-up shows: the index first, if there is room for it. */
export function payload(index: number, length: number): Uint8Array {
  const bytes = new Random(index).bytes(length);
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, index);
  return bytes;
}

/** The indices of messages an end received, each checked against its payload to the last byte, in order of arrival. */
export function received(end: LinkEnd): number[] {
  return end.all('message').map(({ bytes }) => {
    const index = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (Buffer.compare(bytes, payload(index, bytes.length)) !== 0) throw new Error(`message ${index}: bytes differ`);
    return index;
  });
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

export function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** What an end said, decoded. A link that says anything malformed fails here. */
export function said(end: LinkEnd, fromMs = 0): Exclude<Datagram, { kind: 'wrong-version' }>[] {
  return end.said.filter(({ atMs }) => atMs >= fromMs).map(({ bytes }) => decode(bytes));
}

export function kindsSaid(end: LinkEnd, fromMs = 0): string[] {
  return said(end, fromMs).map(({ kind }) => kind);
}

export function decode(bytes: Uint8Array): Exclude<Datagram, { kind: 'wrong-version' }> {
  const datagram = decodeDatagram(bytes);
  if (datagram === undefined || datagram.kind === 'wrong-version') throw new Error('a link said something malformed');
  return datagram;
}

export function dataSaid(end: LinkEnd, fromMs = 0): Data[] {
  return said(end, fromMs).filter((datagram): datagram is Data => datagram.kind === 'data');
}

export function framesSaid<K extends Frame['kind']>(end: LinkEnd, kind: K): Extract<Frame, { kind: K }>[] {
  return dataSaid(end)
    .flatMap(({ frames }) => frames)
    .filter((frame): frame is Extract<Frame, { kind: K }> => frame.kind === kind);
}

export function dataOf(session: bigint, packet: number, frames: readonly Frame[]): Uint8Array {
  const writer = new DatagramWriter();
  writer.begin(DATAGRAM_BYTES_MAX, { session, lane: 0, packet, timeUs: 0 });
  for (const frame of frames) writer.add(frame);
  return writer.finish().slice();
}

/** How a link ended, if it did. */
export function endOf(end: LinkEnd): { code: LinkCode; byPeer: boolean } | undefined {
  const closed = end.all('closed')[0];
  return closed && { code: closed.code, byPeer: closed.byPeer };
}

/** A machine alone, spoken to by hand: time stands at `now` until a test moves it. */
export class Lone {
  readonly link: Link;
  readonly outputs: LinkOutput[] = [];
  now = 1000;

  constructor(role: 'initiator' | 'acceptor', options: Partial<LinkOptions> = {}) {
    const random = new Random(1);
    this.link = new Link({ role, random: (n) => random.bytes(n), options });
  }

  /** Brings the link to `open`, playing the other end by hand. */
  open(): this {
    this.link.handle(this.now, { kind: 'transport-open' });
    const connect = this.drain().find((datagram) => datagram.kind === 'connect');
    if (connect === undefined) this.hear({ kind: 'connect', session: 0n, nonce: 7n, messageCreditBytes: 1 << 20 });
    else this.hear({ kind: 'accepted', session: 0xabcn, nonce: connect.nonce, messageCreditBytes: 1 << 20 });
    return this;
  }

  /** Datagrams that the machine wants sent now; its other outputs are kept in `outputs`. */
  drain(): Exclude<Datagram, { kind: 'wrong-version' }>[] {
    const datagrams: Exclude<Datagram, { kind: 'wrong-version' }>[] = [];
    for (let output = this.link.poll(); output !== undefined; output = this.link.poll()) {
      if (output.kind === 'datagram') datagrams.push(decode(output.bytes.slice()));
      else this.outputs.push(output);
    }
    return datagrams;
  }

  hear(datagram: Control | Uint8Array): Exclude<Datagram, { kind: 'wrong-version' }>[] {
    const bytes = datagram instanceof Uint8Array ? datagram : encodeControl(datagram);
    this.link.handle(this.now, { kind: 'datagram', bytes });
    return this.drain();
  }

  hearFrames(packet: number, ...frames: Frame[]): Exclude<Datagram, { kind: 'wrong-version' }>[] {
    return this.hear(dataOf(this.link.sessionId, packet, frames));
  }

  tick(atMs: number): Exclude<Datagram, { kind: 'wrong-version' }>[] {
    this.now = atMs;
    this.link.handle(atMs, { kind: 'timeout' });
    return this.drain();
  }
}
