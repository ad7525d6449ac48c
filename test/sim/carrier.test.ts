import { describe, expect, test } from '@jest/globals';
import { PlainCarrier, PACKET_OVERHEAD_BYTES, PACKET_PAYLOAD_BYTES } from '../../src/sim/carrier.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import { Duplex, type PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';

/** Sends messages of `bytes` one way over a bare path, and returns what arrived and when. */
function carry(
  path: Partial<PathOptions>,
  bytes: number,
  count = 1,
): { readonly atMs: number; readonly message: Uint8Array }[] {
  const clock = new VirtualClock();
  const arrivals: { atMs: number; message: Uint8Array }[] = [];
  const duplex = new Duplex(clock, new Random(1), { toA: path, toB: path });
  const carrier = new PlainCarrier(duplex, {
    toA: () => {},
    toB: (message) => arrivals.push({ atMs: clock.now, message }),
  });
  for (let i = 0; i < count; i++) clock.at(i, () => carrier.toB.send(new Uint8Array(bytes).fill(i)));
  while (clock.step());
  return arrivals;
}

describe('a channel without SCTP', () => {
  test('loses a message of three packets with any one of them', () => {
    const arrived = carry({ lossRatio: 0.2 }, 2 * PACKET_PAYLOAD_BYTES + 1, 10_000).length;
    expect(Math.abs(arrived - 10_000 * 0.8 ** 3)).toBeLessThan(200);
  });

  test('puts 1,156 bytes into one packet and 1,157 into two', () => {
    const msFor = (bytes: number): number => carry({ delayMs: 0, rateMbit: 8 / 1000 }, bytes)[0]?.atMs ?? Number.NaN;
    expect(msFor(1156)).toBeCloseTo(1156 + PACKET_OVERHEAD_BYTES);
    expect(msFor(1157)).toBeCloseTo(1157 + 2 * PACKET_OVERHEAD_BYTES);
  });

  test('delivers a long message whole and once, though its packets come twice and out of order', () => {
    const arrivals = carry({ duplicateRatio: 1, reorderRatio: 0.5, reorderMs: 20 }, 20_000);
    expect(arrivals.map(({ message }) => message)).toEqual([new Uint8Array(20_000)]);
  });

  test('leaves every arrival bytes of its own: neither end sees what the other does with them', () => {
    const clock = new VirtualClock();
    const duplex = new Duplex(clock, new Random(1), { toA: {}, toB: { duplicateRatio: 1 } });
    const arrived: Uint8Array[] = [];
    const carrier = new PlainCarrier(duplex, {
      toA: () => {},
      toB: (message) => {
        arrived.push(message.slice());
        message.fill(7);
      },
    });
    const buffer = Uint8Array.of(1, 2);
    carrier.toB.send(buffer);
    buffer.fill(9);
    while (clock.step());
    expect(arrived).toEqual([Uint8Array.of(1, 2), Uint8Array.of(1, 2)]);
  });

  test('stopped, refuses more and still delivers what is on the path; closed, not even that', () => {
    const clock = new VirtualClock();
    const duplex = new Duplex(clock, new Random(1), { toA: {}, toB: {} });
    let arrived = 0;
    const carrier = new PlainCarrier(duplex, { toA: () => arrived++, toB: () => arrived++ });
    carrier.toB.send(Uint8Array.of(1));
    carrier.toB.stop();
    expect(carrier.toB.send(Uint8Array.of(2))).toBe(false);
    carrier.toA.send(Uint8Array.of(3));
    clock.advance(100);
    expect(arrived).toBe(2);
    carrier.toA.send(Uint8Array.of(4));
    carrier.close();
    clock.advance(100);
    expect(arrived).toBe(2);
  });
});
