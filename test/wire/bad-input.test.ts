// Datagrams that no honest end sends. Each is refused as a whole, with nothing thrown and nothing kept.
import { describe, expect, test } from '@jest/globals';
import {
  ACK_RANGES_MAX,
  DATA_HEADER_BYTES,
  DATAGRAM_BYTES_MAX,
  DatagramWriter,
  decodeDatagram,
  frameBytes,
  LANE_IDS,
  type DataHeader,
  type Frame,
} from '../../src/wire/datagram.ts';
import { SchemaRegistry, templateSchema } from '../../src/wire/registry.ts';
import { aesGcmSeal } from '../../src/wire/seal-aes-gcm.ts';
import type { Seal } from '../../src/wire/seal.ts';

const HEADER: DataHeader = { session: 1n, lane: 0, packet: 1, timeUs: 1 };
const HIGHEST = 0xffff_ffff;

function built(frames: readonly Frame[], header = HEADER, seal?: Seal): Uint8Array {
  const writer = new DatagramWriter();
  writer.begin(DATAGRAM_BYTES_MAX, header, seal);
  for (const frame of frames) writer.add(frame);
  return writer.finish().slice();
}

const ack = (ranges: readonly number[], lane = 0): Frame => ({ kind: 'ack', lane, delayUs: 0, ranges });

/** `count` ranges of one number each, falling from the highest there is. */
const ranges = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => [HIGHEST - 2 * i, HIGHEST - 2 * i]).flat();

describe('ack ranges', () => {
  test.each<[string, number[]]>([
    ['more than a frame may hold', ranges(ACK_RANGES_MAX + 1)],
    ['as many as the count can say', ranges(127)],
    ['an odd number of them', [...ranges(2), 5]],
    ['none', []],
    ['one that ends before it begins', [HIGHEST, 0]],
    ['two that are the same', [5, 9, 5, 9]],
    ['one within another', [0, HIGHEST, 5, 6]],
    ['two that touch', [5, 9, 0, 4]],
    ['ranges that rise', [0, 1, 5, 6]],
    ['one that begins where the last began', [5, 9, 0, 5]],
  ])('are refused: %s', (_, list) => {
    expect(decodeDatagram(built([ack(list)]))).toBeUndefined();
  });

  test.each<[string, number[]]>([
    ['all that there are', [0, HIGHEST]],
    ['as many as a frame may hold', ranges(ACK_RANGES_MAX)],
    ['the first and the last', [HIGHEST, HIGHEST, 0, 0]],
  ])('are taken: %s', (_, list) => {
    expect(decodeDatagram(built([ack(list)]))).toMatchObject({ frames: [ack(list)] });
  });

  test('are refused when the count says more than there are', () => {
    const bytes = built([ack([1, 2])]);
    bytes[DATA_HEADER_BYTES + frameBytes('ack') - 1] = 4;
    expect(decodeDatagram(bytes)).toBeUndefined();
  });
});

describe('lanes', () => {
  test.each([LANE_IDS, 255])('number %i is refused, in a header and in an ack', (lane) => {
    expect(decodeDatagram(built([], { ...HEADER, lane }))).toBeUndefined();
    expect(decodeDatagram(built([ack([1, 1], lane)]))).toBeUndefined();
  });

  test('the last one is taken', () => {
    const lane = LANE_IDS - 1;
    expect(decodeDatagram(built([ack([1, 1], lane)], { ...HEADER, lane }))).toMatchObject({ lane, frames: [{ lane }] });
  });
});

describe('a datagram longer than the cap', () => {
  const room = DATAGRAM_BYTES_MAX - DATA_HEADER_BYTES - frameBytes('message');
  const whole = built([{ kind: 'message', message: 0, total: room, offset: 0, bytes: new Uint8Array(room) }]);

  test('is refused, plain or sealed, though all of it is well formed', () => {
    expect(decodeDatagram(whole)).toMatchObject({ frames: [{ kind: 'message', total: room }] });
    expect(decodeDatagram(Uint8Array.of(...whole, 1))).toBeUndefined();
    const sealed = built([], HEADER, aesGcmSeal(new Uint8Array(32), 'initiator'));
    const longer = new Uint8Array(DATAGRAM_BYTES_MAX + 1);
    longer.set(sealed);
    expect(decodeDatagram(longer, aesGcmSeal(new Uint8Array(32), 'acceptor'))).toBeUndefined();
  });

  test('is refused before its seal is asked', () => {
    const seal: Seal = {
      overheadBytes: 0,
      seal: (_header, _head, body) => body,
      open() {
        throw new Error('asked');
      },
    };
    const longer = new Uint8Array(DATAGRAM_BYTES_MAX + 1);
    longer.set([2, 17]);
    expect(decodeDatagram(longer, seal)).toBeUndefined();
  });
});

describe('a seal at one end only', () => {
  const frames: readonly Frame[] = [{ kind: 'ping' }];
  const [ours, theirs] = [aesGcmSeal(new Uint8Array(32), 'initiator'), aesGcmSeal(new Uint8Array(32), 'acceptor')];

  test('sealed where plain is expected is refused', () => {
    expect(decodeDatagram(built(frames, HEADER, ours))).toBeUndefined();
  });

  test('plain where sealed is expected is refused, also under the number of the sealed kind', () => {
    const plain = built(frames);
    expect(decodeDatagram(plain, theirs)).toBeUndefined();
    plain[1] = 17;
    expect(decodeDatagram(plain, theirs)).toBeUndefined();
    expect(decodeDatagram(plain)).toBeUndefined();
  });

  test('sealed under the number of the plain kind is refused by both', () => {
    const sealed = built(frames, HEADER, ours);
    sealed[1] = 16;
    expect(decodeDatagram(sealed, theirs)).toBeUndefined();
    expect(decodeDatagram(sealed)).toBeUndefined();
  });

  test('frames that nobody may send are refused within a seal, too', () => {
    expect(decodeDatagram(built([ack([5, 6, 3, 4])], HEADER, ours), theirs)).toBeUndefined();
  });
});

test('a control frame of a schema that is not known here is read, and ends at the registry with a code', () => {
  const registry = new SchemaRegistry().add(templateSchema(256, 'pose', { x: 'f32' }));
  const bytes = built([{ kind: 'control', schema: 999, bytes: Uint8Array.of(1, 2, 3) }, { kind: 'ping' }]);
  const datagram = decodeDatagram(bytes);
  if (datagram?.kind !== 'data') throw new Error('expected data');
  const [control, ping] = datagram.frames;
  if (control?.kind !== 'control') throw new Error('expected control');
  expect(registry.decode(control.schema, control.bytes)).toEqual({ kind: 'failed', code: 'unknown-schema' });
  expect(ping).toEqual({ kind: 'ping' });
});

test.each([0, 8, 255])('a frame of the unknown type %i is refused with all that stands beside it', (type) => {
  expect(decodeDatagram(Uint8Array.of(...built([{ kind: 'ping' }]), type))).toBeUndefined();
});

test('a length that reaches beyond the datagram is refused', () => {
  const bytes = built([{ kind: 'chunk', request: 0, offset: 0, bytes: new Uint8Array(10) }]);
  bytes[bytes.length - 11] = 11;
  expect(decodeDatagram(bytes)).toBeUndefined();
});
