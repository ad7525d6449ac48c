// The ring against a Map that does the same, over random additions and deletions.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PacketRing } from '../../src/link/packet-ring.ts';
import type { SentPacket } from '../../src/link/recovery.ts';

const packet = (number: number): SentPacket => ({ number }) as SentPacket;

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 200 })) }) },
  { weight: 2, arbitrary: fc.record({ remove: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.constant({ drain: true }) },
);

test.each([0, 0xffff_0000])('holds what a map would hold, in order, from number %i on', (from) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const ring = new PacketRing();
      const map = new Map<number, SentPacket>();
      let next = from;
      for (const one of steps) {
        if ('add' in one) {
          next += one.add;
          ring.add(packet(next));
          map.set(next, packet(next));
        } else if ('remove' in one) {
          const number = next - one.remove;
          ring.delete(number);
          map.delete(number);
        } else {
          expect(ring.drain()).toEqual([...map.values()]);
          map.clear();
        }
        expect(ring.size).toBe(map.size);
        const held: SentPacket[] = [];
        for (let number = ring.oldest; number < ring.end; number++) {
          const found = ring.get(number);
          if (found !== undefined) held.push(found);
        }
        expect(held).toEqual([...map.values()]);
        if (map.size > 0) expect(ring.oldest).toBe(map.keys().next().value);
      }
    }),
    { numRuns: 200 },
  );
});
