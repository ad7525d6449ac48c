// Every frame and header that the protocol allows, for tests that draw them at random.
import fc from 'fast-check';
import {
  LANE_IDS,
  type Control,
  type Data,
  type DataHeader,
  type Frame,
  type FrameKind,
} from '../../src/wire/datagram.ts';

export const u8: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xff });
export const u16: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff });
export const u32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff_ffff });
export const u48: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2 ** 48 - 1 });
export const u64: fc.Arbitrary<bigint> = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const lane = fc.integer({ min: 0, max: LANE_IDS - 1 });
const payload = fc.uint8Array({ minLength: 1, maxLength: 64 });

export const control: fc.Arbitrary<Control> = fc.oneof(
  fc.record({ kind: fc.constant('connect'), session: u64, nonce: u64, messageCreditBytes: u48 } as const),
  fc.record({ kind: fc.constant('accepted'), session: u64, nonce: u64, messageCreditBytes: u48 } as const),
  fc.record({ kind: fc.constant('heartbeat'), session: u64, timeUs: u48 } as const),
  fc.record({ kind: fc.constant('disconnect'), session: u64, code: u16 } as const),
);

/** Falling, gapped ranges: distinct numbers, sorted down, taken in pairs with at least one number between pairs. */
const ranges = fc
  .uniqueArray(fc.integer({ min: 0, max: 0x7fff_ffff }), { minLength: 2, maxLength: 16 })
  .map((numbers) => {
    const down = numbers.sort((a, b) => b - a).map((n) => n * 2);
    const result: number[] = [];
    for (let i = 0; i + 1 < down.length; i += 2) result.push(down[i + 1] ?? 0, down[i] ?? 0);
    return result;
  });

const frames: { readonly [K in FrameKind]: fc.Arbitrary<Frame & { kind: K }> } = {
  ping: fc.record({ kind: fc.constant('ping') } as const),
  ack: fc.record({ kind: fc.constant('ack'), lane, delayUs: u32, ranges } as const),
  credit: fc.record({ kind: fc.constant('credit'), messageBytes: u48 } as const),
  message: fc
    .tuple(u32, fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 0, max: 1_000_000 }), payload)
    .map(([message, offset, rest, bytes]) => {
      return { kind: 'message' as const, message, total: offset + bytes.length + rest, offset, bytes };
    }),
  request: fc.record({ kind: fc.constant('request'), request: u32, transfer: u32, chunk: u32 } as const),
  cancel: fc.record({ kind: fc.constant('cancel'), request: u32 } as const),
  chunk: fc.record({ kind: fc.constant('chunk'), request: u32, offset: u32, bytes: payload } as const),
  control: fc.record({
    kind: fc.constant('control'),
    schema: u16,
    bytes: fc.uint8Array({ maxLength: 64 }),
  } as const),
};

export const frameOf = (kind: FrameKind): fc.Arbitrary<Frame> => frames[kind];

export const dataHeader: fc.Arbitrary<DataHeader> = fc.record({ session: u64, lane, packet: u32, timeUs: u48 });

export const data: fc.Arbitrary<Data> = fc
  .tuple(dataHeader, fc.array(fc.oneof(...Object.values(frames)), { maxLength: 8 }))
  .map(([header, list]) => ({ kind: 'data', ...header, frames: list }));
