// What AES-256-GCM promises of a datagram: it opens at the other end, unchanged, in its place, or not at all.
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  DATA_HEADER_BYTES,
  DATAGRAM_BYTES_MAX,
  DatagramWriter,
  decodeDatagram,
  frameBytes,
  type DataHeader,
  type Frame,
} from '../../src/wire/datagram.ts';
import { aesGcmSeal, nobleAesGcm, SEAL_KEY_BYTES, type AesGcm } from '../../src/wire/seal-aes-gcm.ts';
import type { Seal } from '../../src/wire/seal.ts';
import { data, dataHeader } from './arbitrary.ts';

const KEY = Uint8Array.from({ length: SEAL_KEY_BYTES }, (_, i) => i * 7);
const HEADER: DataHeader = { session: 0x0123_4567_89ab_cdefn, lane: 3, packet: 77, timeUs: 123_456_789_012 };
const FRAMES: readonly Frame[] = [
  { kind: 'ping' },
  { kind: 'chunk', request: 1, offset: 2, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7) },
];

const initiator = aesGcmSeal(KEY, 'initiator');
const acceptor = aesGcmSeal(KEY, 'acceptor');

function built(seal: Seal | undefined, header = HEADER, frames = FRAMES): Uint8Array {
  const writer = new DatagramWriter();
  writer.begin(DATAGRAM_BYTES_MAX, header, seal);
  for (const frame of frames) writer.add(frame);
  return writer.finish().slice();
}

const sealed: (seal: Seal, header?: DataHeader, frames?: readonly Frame[]) => Uint8Array = built;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('a sealed datagram', () => {
  test('opens at the other end as it was, in both directions', () => {
    fc.assert(
      fc.property(data, ({ session, lane, packet, timeUs, frames }) => {
        const header = { session, lane, packet, timeUs };
        for (const [from, to] of [
          [initiator, acceptor],
          [acceptor, initiator],
        ] as const) {
          expect(decodeDatagram(sealed(from, header, frames), to)).toEqual({ kind: 'data', ...header, frames });
        }
      }),
      { numRuns: 200 },
    );
  });

  test('carries its header in the clear and nothing of its frames', () => {
    const bytes = sealed(initiator);
    const clear = built(undefined);
    expect(bytes[1]).toBe(17);
    expect(bytes.subarray(2, DATA_HEADER_BYTES)).toEqual(clear.subarray(2, DATA_HEADER_BYTES));
    expect(bytes.length).toBe(clear.length + initiator.overheadBytes);
    expect(Buffer.from(bytes).includes(Buffer.of(1, 2, 3, 4, 5, 6, 7))).toBe(false);
  });

  test('is refused if any one bit of it is flipped, in the header, the body or the tag', () => {
    const bytes = sealed(initiator);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const kind = decodeDatagram(flipped, acceptor)?.kind;
      expect({ bit, kind }).toEqual({ bit, kind: bit < 8 ? 'wrong-version' : undefined });
    }
  });

  test('is refused wherever it is cut, and with a byte too many', () => {
    const bytes = sealed(initiator);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeDatagram(bytes.subarray(0, length), acceptor)).toBeUndefined();
    }
    expect(decodeDatagram(Uint8Array.of(...bytes, 0), acceptor)).toBeUndefined();
  });

  test('is refused by an end with another key', () => {
    const other = KEY.slice();
    other[31] = (other[31] ?? 0) ^ 1;
    expect(decodeDatagram(sealed(initiator), aesGcmSeal(other, 'acceptor'))).toBeUndefined();
  });

  test('is refused by the end that sealed it', () => {
    expect(decodeDatagram(sealed(initiator), initiator)).toBeUndefined();
  });

  test.each<[string, Partial<DataHeader>]>([
    ['another lane', { lane: 4 }],
    ['another session', { session: HEADER.session + 1n }],
    ['another packet number', { packet: 78 }],
    ['another time', { timeUs: HEADER.timeUs + 1 }],
  ])('is refused when it is replayed under %s', (_, change) => {
    const replayed = sealed(initiator, { ...HEADER, ...change });
    const bytes = sealed(initiator);
    replayed.set(bytes.subarray(DATA_HEADER_BYTES), DATA_HEADER_BYTES);
    expect(decodeDatagram(replayed, acceptor)).toBeUndefined();
  });

  test('never has the bytes of another: session, lane, packet, time and direction each change all of it', () => {
    const headers: DataHeader[] = [
      HEADER,
      { ...HEADER, session: HEADER.session + 1n },
      { ...HEADER, lane: 4 },
      { ...HEADER, packet: 78 },
      { ...HEADER, packet: HEADER.packet + 2 ** 22 },
      { ...HEADER, timeUs: HEADER.timeUs + 1 },
    ];
    const bodies = [...headers.map((header) => sealed(initiator, header)), sealed(acceptor)].map((bytes) =>
      Buffer.from(bytes.subarray(DATA_HEADER_BYTES)).toString('hex'),
    );
    expect(new Set(bodies.map((body) => body.slice(0, 8))).size).toBe(bodies.length);
  });

  test('may be of another session and come back: keys are found anew', () => {
    const other = { ...HEADER, session: 5n };
    for (const header of [HEADER, other, HEADER, { ...HEADER, packet: 0xffff_ffff }, HEADER]) {
      expect(decodeDatagram(sealed(initiator, header), acceptor)?.kind).toBe('data');
    }
  });

  test('may be empty, and as large as a datagram may be', () => {
    expect(decodeDatagram(sealed(initiator, HEADER, []), acceptor)).toEqual({ kind: 'data', ...HEADER, frames: [] });
    const room = DATAGRAM_BYTES_MAX - DATA_HEADER_BYTES - frameBytes('chunk') - initiator.overheadBytes;
    const bytes = new Uint8Array(room).fill(9);
    const largest = sealed(initiator, HEADER, [{ kind: 'chunk', request: 0, offset: 0, bytes }]);
    expect(largest.length).toBe(DATAGRAM_BYTES_MAX);
    expect(decodeDatagram(largest, acceptor)).toMatchObject({ frames: [{ bytes }] });
  });

  test('leaves room for its tag in the datagram', () => {
    const writer = new DatagramWriter();
    writer.begin(1156, HEADER);
    const room = writer.room;
    writer.begin(1156, HEADER, initiator);
    expect(writer.room).toBe(room - 16);
  });
});

describe('opening', () => {
  test('never throws and never opens what was not sealed, whatever it is given', () => {
    fc.assert(
      fc.property(
        dataHeader,
        fc.uint8Array({ maxLength: 64 }),
        fc.uint8Array({ maxLength: 256 }),
        (header, head, body) => {
          expect(acceptor.open(header, head, body)).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([32, 255])('refuses lane %i, which no link has', (lane) => {
    expect(acceptor.open({ ...HEADER, lane }, new Uint8Array(21), new Uint8Array(64))).toBeUndefined();
  });

  test('gives bytes of its own: the datagram may be overwritten', () => {
    const bytes = sealed(initiator);
    const opened = decodeDatagram(bytes, acceptor);
    bytes.fill(0);
    expect(opened).toMatchObject({ frames: FRAMES });
  });
});

test.each([0, 16, 31, 33])('a key of %i bytes is a mistake', (length) => {
  expect(() => aesGcmSeal(new Uint8Array(length), 'initiator')).toThrow(`key: expected 32 bytes, got ${length}`);
});

test('a seal keeps its key when the caller overwrites it', () => {
  const key = KEY.slice();
  const seal = aesGcmSeal(key, 'acceptor');
  key.fill(0);
  expect(decodeDatagram(sealed(initiator), seal)?.kind).toBe('data');
});

// --- against other implementations ---

/** OpenSSL's, which a driver on Node may use instead. */
const openSsl: AesGcm = {
  encrypt(key, nonce, head, body) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(head);
    const parts = [cipher.update(body), cipher.final()];
    return new Uint8Array(Buffer.concat([...parts, cipher.getAuthTag()]));
  },
  decrypt(key, nonce, head, bytes) {
    const cipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(head).setAuthTag(bytes.subarray(-16));
    return new Uint8Array(Buffer.concat([cipher.update(bytes.subarray(0, -16)), cipher.final()]));
  },
};

test('an end with OpenSSL’s cipher and one with ours understand each other', () => {
  const theirs = aesGcmSeal(KEY, 'acceptor', openSsl);
  expect(decodeDatagram(sealed(initiator), theirs)).toMatchObject({ frames: FRAMES });
  expect(decodeDatagram(sealed(theirs), initiator)).toMatchObject({ frames: FRAMES });
  const broken = sealed(initiator);
  broken[30] = (broken[30] ?? 0) ^ 1;
  expect(decodeDatagram(broken, theirs)).toBeUndefined();
});

test('keys and nonces are made as documented, told by another implementation of both', () => {
  const bytes = sealed(initiator, { ...HEADER, packet: 5 * 2 ** 22 + 9 });
  const label = Buffer.from('rockpool datagram');
  // [0 u8][session u64][direction u8 = 0][lane u8 = 3][epoch u16 = 5][bits u32 = 256], after the block's number and the label
  const context = hex(['00', '0123456789abcdef', '00', '03', '0005', '00000100'].join(''));
  const blocks = [1, 2].map((i) => cmac(KEY, Buffer.concat([Uint8Array.of(i), label, context])));
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(5 * 2 ** 22 + 9, 2);
  nonce.writeUIntBE(HEADER.timeUs, 6, 6);
  const head = bytes.subarray(0, DATA_HEADER_BYTES);
  const opened = openSsl.decrypt(Buffer.concat(blocks), nonce, head, bytes.subarray(DATA_HEADER_BYTES));
  const clear = built(undefined, { ...HEADER, packet: 5 * 2 ** 22 + 9 });
  expect(Buffer.compare(opened, clear.subarray(DATA_HEADER_BYTES))).toBe(0);
});

/** RFC 4493 with AES-256, for messages that are no multiple of 16 bytes, from AES-CBC alone. */
function cmac(key: Uint8Array, message: Buffer): Buffer {
  const cbc = (bytes: Uint8Array): Buffer =>
    createCipheriv('aes-256-cbc', key, Buffer.alloc(16)).setAutoPadding(false).update(bytes);
  const doubled = (block: Buffer): Buffer => {
    const value = BigInt(`0x${block.toString('hex')}`) << 1n;
    const reduced = BigInt.asUintN(128, value) ^ (value >> 128n === 1n ? 0x87n : 0n);
    return Buffer.from(reduced.toString(16).padStart(32, '0'), 'hex');
  };
  const subkey = doubled(doubled(cbc(Buffer.alloc(16))));
  const padded = Buffer.alloc(Math.ceil((message.length + 1) / 16) * 16);
  message.copy(padded);
  padded[message.length] = 0x80;
  const last = padded.length - 16;
  for (let i = 0; i < 16; i++) padded[last + i] = (padded[last + i] ?? 0) ^ (subkey[i] ?? 0);
  return cbc(padded).subarray(-16);
}

/** McGrew and Viega, The Galois/Counter Mode of Operation, appendix B: those for AES-256 with a nonce of 96 bits. */
const LONG_KEY = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308';
const LONG_NONCE = 'cafebabefacedbaddecaf888';
const LONG_CLEAR =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
  '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255';
const LONG_SEALED =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
  '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad';

test.each([
  {
    number: 13,
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    head: '',
    clear: '',
    tag: '530f8afbc74536b9a963b4f1c4cb738b',
  },
  {
    number: 14,
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    head: '',
    clear: '00'.repeat(16),
    body: 'cea7403d4d606b6e074ec5d3baf39d18',
    tag: 'd0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    number: 15,
    key: LONG_KEY,
    nonce: LONG_NONCE,
    head: '',
    clear: LONG_CLEAR,
    body: LONG_SEALED,
    tag: 'b094dac5d93471bdec1a502270e3cc6c',
  },
  {
    number: 16,
    key: LONG_KEY,
    nonce: LONG_NONCE,
    head: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    clear: LONG_CLEAR.slice(0, 120),
    body: LONG_SEALED.slice(0, 120),
    tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
])('case $number of the GCM specification holds', ({ key, nonce, head, clear, body = '', tag }) => {
  const bytes = nobleAesGcm.encrypt(hex(key), hex(nonce), hex(head), hex(clear));
  expect(Buffer.from(bytes).toString('hex')).toBe(body + tag);
  expect(nobleAesGcm.decrypt(hex(key), hex(nonce), hex(head), bytes)).toEqual(hex(clear));
});
