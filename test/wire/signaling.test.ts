// The signaling codec: everything valid survives it, nothing malformed or out of bounds gets through, nothing throws.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { ClientMessageSchema, ServerMessageSchema } from '../../src/wire/gen/signaling_pb.ts';
import {
  CANDIDATE_CHARACTERS_MAX,
  CLIENT_FRAME_BYTES_MAX,
  cleanName,
  decodeClient,
  decodeServer,
  encodeClient,
  encodeServer,
  ICE_SERVERS_MAX,
  ICE_URLS_MAX,
  joinBytes,
  MID_CHARACTERS_MAX,
  PEERS_MAX,
  SDP_CHARACTERS_MAX,
  SERVER_FRAME_BYTES_MAX,
  TIME_MS_MAX,
  type ClientMessage,
  type ServerMessage,
  type Signal,
  tidyName,
} from '../../src/wire/signaling.ts';
import { mutated } from './fuzz-mutate.ts';

const CASES = 10_000;
const ID = '0123456789abcdef0123456789abcdef';
const join = {
  kind: 'join',
  version: PROTOCOL_VERSION,
  pool: 'blue-otter-42',
  name: 'Ada',
  device: 'browser',
  signKey: new Uint8Array(32).fill(7),
  signature: new Uint8Array(64).fill(8),
} as const;

const u32 = fc.nat(0xffff_ffff);
const timeMs = fc.double({ min: 0, max: TIME_MS_MAX, noNaN: true });
const id = fc.stringMatching(/^[0-9a-f]{32}$/);
const pool = fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$/);
const device = fc.stringMatching(/^[a-z]{1,16}$/);
const name = fc
  .string({ unit: 'binary', maxLength: 80 })
  .map(cleanName)
  .filter((clean) => clean !== undefined);
const line = (maxLength: number) => fc.string({ unit: 'grapheme-ascii', maxLength });
const signal: fc.Arbitrary<Signal> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('offer' as const, 'answer' as const),
    sdp: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 400 }),
  }),
  fc.record({
    kind: fc.constant('candidate' as const),
    candidate: line(CANDIDATE_CHARACTERS_MAX),
    mid: line(MID_CHARACTERS_MAX),
  }),
);
const role = fc.constantFrom('owner' as const, 'member' as const, 'listener' as const);
const member = fc.record({ id, name, device, role });
const iceServer = fc.record(
  {
    urls: fc.array(
      line(100).map((rest) => `stun:x${rest.replaceAll(' ', '')}`),
      { minLength: 1, maxLength: ICE_URLS_MAX },
    ),
    username: fc.string({ minLength: 1, maxLength: 50 }),
    credential: fc.string({ minLength: 1, maxLength: 50 }),
  },
  { requiredKeys: ['urls'] },
);
const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('join' as const),
      version: fc.constant(PROTOCOL_VERSION),
      pool,
      name,
      device,
      signKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
      ticket: fc.stringMatching(/^[!-~]{1,200}$/),
    },
    { requiredKeys: ['kind', 'version', 'pool', 'name', 'device', 'signKey', 'signature'] },
  ),
  fc.constant({ kind: 'leave' as const }),
  fc.record({ kind: fc.constant('relay' as const), peer: id, attempt: u32, signal }),
  fc.record({ kind: fc.constant('time' as const), t0Ms: timeMs }),
);
const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('challenge' as const),
    nonce: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  }),
  fc.record({
    kind: fc.constant('welcome' as const),
    self: id,
    pool,
    role,
    peers: fc.array(member, { maxLength: 5 }),
    iceServers: fc.array(iceServer, { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('peer-joined' as const), peer: member }),
  fc.record({ kind: fc.constant('peer-left' as const), id, lost: fc.boolean() }),
  fc.record({ kind: fc.constant('relayed' as const), peer: id, attempt: u32, signal }),
  fc.record({ kind: fc.constant('timed' as const), t0Ms: timeMs, t1Ms: timeMs, t2Ms: timeMs }),
);

const codecs = [
  {
    side: 'client',
    messages: clientMessage as fc.Arbitrary<ClientMessage | ServerMessage>,
    encode: (message: never): Uint8Array => encodeClient(message),
    decode: decodeClient as (bytes: Uint8Array) => ClientMessage | ServerMessage | undefined,
  },
  {
    side: 'server',
    messages: serverMessage as fc.Arbitrary<ClientMessage | ServerMessage>,
    encode: (message: never): Uint8Array => encodeServer(message),
    decode: decodeServer as (bytes: Uint8Array) => ClientMessage | ServerMessage | undefined,
  },
];

describe.each(codecs)('the $side codec', ({ messages, encode, decode }) => {
  const settles = (bytes: Uint8Array): void => {
    const message = decode(bytes);
    if (message !== undefined) expect(decode(encode(message as never))).toEqual(message);
  };

  test('gives back every valid message unchanged', () => {
    fc.assert(
      fc.property(messages, (message) => expect(decode(encode(message as never))).toEqual(message)),
      { numRuns: 1_000 },
    );
  });

  test('never throws on random bytes, and what it takes it keeps', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), settles), { numRuns: CASES });
  });

  test('never throws on mutated messages, and what it takes it keeps', () => {
    fc.assert(fc.property(mutated(messages.map((message) => encode(message as never))), settles), { numRuns: CASES });
  });

  test('takes no empty frame', () => {
    expect(decode(new Uint8Array(0))).toBeUndefined();
  });
});

type ClientInit = NonNullable<MessageInitShape<typeof ClientMessageSchema>['body']>;
type ServerInit = NonNullable<MessageInitShape<typeof ServerMessageSchema>['body']>;
const client = (body: ClientInit): Uint8Array => toBinary(ClientMessageSchema, create(ClientMessageSchema, { body }));
const server = (body: ServerInit): Uint8Array => toBinary(ServerMessageSchema, create(ServerMessageSchema, { body }));

describe('a join', () => {
  test.each([
    ['a pool code with capitals', { pool: 'Blue' }],
    ['a pool code of two characters', { pool: 'ab' }],
    ['a pool code of 65 characters', { pool: 'a'.repeat(65) }],
    ['a whole link for a pool code', { pool: 'https://x.example/#blue' }],
    ['a key of 31 bytes', { signKey: new Uint8Array(31) }],
    ['a key of 33 bytes', { signKey: new Uint8Array(33) }],
    ['no signature', { signature: new Uint8Array(0) }],
    ['a signature of 65 bytes', { signature: new Uint8Array(65) }],
    ['a ticket of 4,097 characters', { ticket: 't'.repeat(4_097) }],
    ['a ticket with a blank', { ticket: 'a b' }],
    ['a ticket beyond ASCII', { ticket: 'é' }],
    ['no name', { name: '' }],
    ['a name of nothing visible', { name: '\u200b\u202e \u0007' }],
    ['a name of 65 characters', { name: 'x'.repeat(65) }],
    ['no device', { device: '' }],
    ['a device with a digit', { device: 'x1' }],
    ['a device of 17 letters', { device: 'x'.repeat(17) }],
  ])('with %s does not decode', (_what, change) => {
    const { kind: _kind, ...value } = { ...join, ...change };
    expect(decodeClient(client({ case: 'join', value }))).toBeUndefined();
  });

  test('arrives with its name cleaned', () => {
    const bytes = encodeClient({ ...join, name: '  Ada\u202e\n Lovelace\u0000 ' });
    expect(decodeClient(bytes)).toEqual({ ...join, name: 'Ada Lovelace' });
  });

  test('of another version gives its version and nothing else, whatever its fields hold', () => {
    const value = { version: PROTOCOL_VERSION + 1, pool: '?', signKey: new Uint8Array(5), name: '' };
    expect(decodeClient(client({ case: 'join', value }))).toEqual({
      kind: 'join',
      version: PROTOCOL_VERSION + 1,
      pool: '',
      name: '',
      device: '',
      signKey: new Uint8Array(0),
      signature: new Uint8Array(0),
    });
  });

  test('owns its key and signature: the frame may be overwritten', () => {
    const bytes = Buffer.from(encodeClient(join));
    const message = decodeClient(bytes);
    bytes.fill(0);
    expect(message).toEqual(join);
  });
});

test.each([0, 31, 33])('a challenge of %d bytes does not decode', (length) => {
  expect(decodeServer(server({ case: 'challenge', value: { nonce: new Uint8Array(length) } }))).toBeUndefined();
});

describe('what a join signs', () => {
  const nonce = new Uint8Array(32).fill(1);
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(32));

  test('is the nonce, and pool, name and device with zeros between them', () => {
    const bytes = joinBytes(nonce, join);
    expect(bytes.subarray(0, 32)).toEqual(nonce);
    expect(text(bytes)).toBe('blue-otter-42\0Ada\0browser');
  });

  test('is never the same for two joins, whatever they are called', () => {
    fc.assert(
      fc.property(fc.tuple(pool, name, device), fc.tuple(pool, name, device), (one, other) => {
        const [a, b] = [one, other].map(([pool, name, device]) => text(joinBytes(nonce, { pool, name, device })));
        expect(a === b).toBe(one.join('|') === other.join('|'));
      }),
    );
  });
});

describe('a signal', () => {
  const relay = (body: { case: 'offer'; value: string } | { case: 'candidate'; value: object }, peer: string = ID) =>
    decodeClient(client({ case: 'relay', value: { peer, signal: { attempt: 1, body } } }));

  test('may be as long as its bounds and no longer', () => {
    const longest = 'v'.repeat(SDP_CHARACTERS_MAX);
    expect(relay({ case: 'offer', value: longest })).toBeDefined();
    expect(relay({ case: 'offer', value: `${longest}v` })).toBeUndefined();
    const candidate = 'c'.repeat(CANDIDATE_CHARACTERS_MAX);
    const mid = 'm'.repeat(MID_CHARACTERS_MAX);
    expect(relay({ case: 'candidate', value: { candidate, mid } })).toBeDefined();
    expect(relay({ case: 'candidate', value: { candidate: `${candidate}c`, mid } })).toBeUndefined();
    expect(relay({ case: 'candidate', value: { candidate, mid: `${mid}m` } })).toBeUndefined();
  });

  test.each(['', 'v=0\u0000', 'v=0\u202e', 'v=0é'])('is no session description if it reads %j', (value) => {
    expect(relay({ case: 'offer', value })).toBeUndefined();
  });

  test('without a body, or without itself, does not decode', () => {
    expect(decodeClient(client({ case: 'relay', value: { peer: ID, signal: { attempt: 1 } } }))).toBeUndefined();
    expect(decodeClient(client({ case: 'relay', value: { peer: ID } }))).toBeUndefined();
  });

  test.each(['', ID.toUpperCase(), ID.slice(1), `${ID}0`])('does not go to %j', (peer) => {
    expect(relay({ case: 'offer', value: 'v=0' }, peer)).toBeUndefined();
  });
});

describe('a welcome', () => {
  const welcome = { self: ID, pool: 'blue-otter', role: 'owner' as const, peers: [], iceServers: [] };
  const peer = { id: ID, name: '\u{1f9a6}'.repeat(64), device: 'abcdefghijklmnop', role: 'member' as const };
  const iceServer = { urls: Array.from({ length: ICE_URLS_MAX }, () => `turns:${'x'.repeat(250)}`) };

  test('of the largest valid kind fits into a frame and decodes', () => {
    const bytes = encodeServer({
      kind: 'welcome',
      ...welcome,
      peers: Array.from({ length: PEERS_MAX }, () => peer),
      iceServers: Array.from({ length: ICE_SERVERS_MAX }, () => ({
        ...iceServer,
        username: '€'.repeat(512),
        credential: '€'.repeat(512),
      })),
    });
    expect(bytes.length).toBeLessThan(SERVER_FRAME_BYTES_MAX);
    expect(decodeServer(bytes)).toBeDefined();
  });

  test.each([
    ['one peer too many', { peers: Array.from({ length: PEERS_MAX + 1 }, () => peer) }],
    ['a peer with no name', { peers: [{ ...peer, name: '' }] }],
    ['a peer with no id', { peers: [{ ...peer, id: '' }] }],
    ['one ICE server too many', { iceServers: Array.from({ length: ICE_SERVERS_MAX + 1 }, () => iceServer) }],
    ['an ICE server without an address', { iceServers: [{ urls: [] }] }],
    ['an ICE server with too many addresses', { iceServers: [{ urls: [...iceServer.urls, 'stun:x'] }] }],
    ['an address of another scheme', { iceServers: [{ urls: ['https://x'] }] }],
    ['an address too long', { iceServers: [{ urls: [`stun:${'x'.repeat(252)}`] }] }],
    ['a self that is no id', { self: 'me' }],
    ['a pool that is no code', { pool: 'Blue' }],
    ['a role there is not', { role: 'queen' }],
    ['a peer with no role', { peers: [{ ...peer, role: '' }] }],
  ])('with %s does not decode', (_what, change) => {
    expect(decodeServer(server({ case: 'welcome', value: { ...welcome, ...change } }))).toBeUndefined();
  });
});

describe('a time', () => {
  test.each([-1, -0, -1e-9, TIME_MS_MAX * (1 + Number.EPSILON), 1e308, Number.NaN, Infinity, -Infinity])(
    'that reads %d does not decode, in a question or an answer',
    (odd) => {
      expect(decodeClient(client({ case: 'time', value: { t0Ms: odd } }))).toBeUndefined();
      for (const name of ['t0Ms', 't1Ms', 't2Ms']) {
        const value = { t0Ms: 1, t1Ms: 2, t2Ms: 3, [name]: odd };
        expect(decodeServer(server({ case: 'timed', value }))).toBeUndefined();
      }
    },
  );

  test('keeps a fraction of a microsecond over half a century', () => {
    const timed = { kind: 'timed', t0Ms: 0.1, t1Ms: 1_790_000_000_000.25, t2Ms: 1_790_000_000_000.5 } as const;
    expect(decodeServer(encodeServer(timed))).toEqual(timed);
  });
});

test('a frame longer than the limit is not even parsed', () => {
  // Unknown fields are skipped, so padding alone would decode.
  const padded = (length: number): Uint8Array => {
    const head = encodeClient({ kind: 'time', t0Ms: 1 });
    const padding = new Uint8Array(length - head.length - 4);
    const size = padding.length;
    return Uint8Array.from([...head, 0x7a, 0x80 | (size & 0x7f), 0x80 | ((size >> 7) & 0x7f), size >> 14, ...padding]);
  };
  expect(decodeClient(padded(CLIENT_FRAME_BYTES_MAX))).toEqual({ kind: 'time', t0Ms: 1 });
  expect(decodeClient(padded(CLIENT_FRAME_BYTES_MAX + 1))).toBeUndefined();
});

test('tidyName cleans what can be cleaned, such as a date in Arabic, and leaves the rest to be refused', () => {
  expect(tidyName(`Made on ${new Date(0).toLocaleDateString('ar-EG')} `)).toMatch(/^Made on \S+$/);
  expect(tidyName('Made on \u200f1/1')).toBe('Made on 1/1');
  expect(tidyName(' \u202e ')).toBe(' \u202e ');
});

describe('cleanName', () => {
  test.each([
    ['  Ada  ', 'Ada'],
    ['Ada\tLovelace\r\n', 'Ada Lovelace'],
    ['\u202eadA', 'adA'],
    ['A\u0000d\u001ba', 'Ada'],
    ['\ud83dAda', 'Ada'],
    ['\ufeffAda', 'Ada'],
    ['שלום', 'שלום'],
    ['👩‍👩‍👧', '👩‍👩‍👧'],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['🦦'.repeat(64), '🦦'.repeat(64)],
    [` ${'x'.repeat(64)} `, 'x'.repeat(64)],
  ])('makes %j into %j', (text, name) => {
    expect(cleanName(text)).toBe(name);
  });

  test.each(['', '   ', '\u200b', '\u3164', '\u2066\u2069', 'x'.repeat(65), ' '.repeat(2_000)])(
    'refuses %j',
    (text) => {
      expect(cleanName(text)).toBeUndefined();
    },
  );

  test('changes nothing in what it has cleaned', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 90 }), (text) => {
        const once = cleanName(text);
        if (once !== undefined) expect(cleanName(once)).toBe(once);
      }),
      { numRuns: CASES },
    );
  });
});
