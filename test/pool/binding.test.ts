// Binding: two ends that are who they say find it out whatever the path does, and nobody else is taken for one of them.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { commitTo } from '../../src/keys/binding.ts';
import { deviceIdOf } from '../../src/keys/identity.ts';
import { Binding } from '../../src/pool/binding.ts';
import { decodeBind, encodeBind, type Bind } from '../../src/wire/datagram.ts';
import { poolWords } from '../../src/wire/words.ts';
import { BindingPair, crewOf, FINGERPRINTS } from './binding-pair.ts';

const read = (bytes: Uint8Array): Bind => {
  const bind = decodeBind(bytes);
  if (bind === undefined) throw new Error('a binding sent what it cannot read');
  return bind;
};
const kinds = (sent: readonly Uint8Array[]): string[] => sent.map((bytes) => read(bytes).kind);
/** Little-endian, as both curves encode: of small order, or not below the field's prime. */
const point = (low: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? low : 0));

describe('two ends', () => {
  test('are bound to each other’s keys, see the same four words, and then have nothing more to say', () => {
    const pair = new BindingPair(1);
    pair.run();
    const { initiator, acceptor } = pair;
    const words = initiator.bound[0]?.words ?? [];
    expect(words).toHaveLength(4);
    for (const word of words) expect(poolWords).toContain(word);
    const { signKey, agreeKey } = acceptor.setup.self;
    expect(initiator.bound).toEqual([{ kind: 'bound', keys: { signKey, agreeKey }, words }]);
    expect(acceptor.bound).toMatchObject([{ keys: { signKey: initiator.setup.self.signKey }, words }]);
    for (const end of pair.ends) {
      expect(kinds(end.sent)).toEqual(['bind-hello', 'bind-proof']);
      expect(end.binding?.nextTimeout()).toBeUndefined();
    }
  });

  test('see other words each time, also on the same two devices', () => {
    const crew = crewOf(1);
    const words = [1, 2].map((seed) => {
      const pair = new BindingPair(seed, { crew });
      pair.run();
      return pair.initiator.bound[0]?.words.join(' ');
    });
    expect(words[0]).not.toBe(words[1]);
  });

  test('find each other whatever a path loses, repeats and overtakes, once each, and fall silent', () => {
    let datagrams = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const shape = { lossRatio: 0.25, repeatRatio: 0.2, delayMsMax: 300, keyMsMax: 80, apartMsMax: 200 };
      const pair = new BindingPair(seed, { crew: crewOf(seed % 7), shape });
      pair.run(60_000);
      const [one, other] = pair.ends.map(({ bound }) => bound);
      expect({ seed, one: one?.length, other: other?.length }).toEqual({ seed, one: 1, other: 1 });
      expect(one?.[0]?.words).toEqual(other?.[0]?.words);
      expect(pair.ends.flatMap(({ failed }) => failed)).toEqual([]);
      datagrams += pair.initiator.sent.length + pair.acceptor.sent.length;
    }
    expect(datagrams / 300).toBeLessThan(16);
  });

  test('of which one lost the last word get it again, however late', () => {
    const pair = new BindingPair(1);
    let lost = 0;
    pair.acceptor.meddle = (bytes) => (read(bytes).kind === 'bind-proof' && ++lost <= 3 ? [] : [bytes]);
    pair.run();
    expect(lost).toBe(4);
    for (const end of pair.ends) expect(end.bound).toHaveLength(1);
  });

  test('show no share before they were promised one', () => {
    const pair = new BindingPair(1);
    for (const end of pair.ends) end.meddle = (bytes) => (read(bytes).kind === 'bind-hello' ? [] : [bytes]);
    pair.run();
    for (const end of pair.ends) {
      expect(new Set(kinds(end.sent))).toEqual(new Set(['bind-hello']));
      const share = Buffer.from(end.setup.share).toString('hex');
      for (const bytes of end.sent) expect(Buffer.from(bytes).toString('hex')).not.toContain(share);
      expect(end.sent.length).toBe(6); // at 0, 0.2, 0.6, 1.4, 3 and 6.2 s
    }
  });

  test('pass over what is no binding, however much of it comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 20 }), fc.nat(), (garbage, seed) => {
        const pair = new BindingPair(seed, { crew: crewOf(1) });
        for (const end of pair.ends)
          end.meddle = (bytes) => [
            ...garbage,
            bytes.subarray(1),
            Uint8Array.of(...bytes, 0),
            Uint8Array.of(2, ...bytes.subarray(1)),
            bytes,
          ];
        pair.run();
        for (const end of pair.ends) expect([end.bound.length, end.failed]).toEqual([1, []]);
      }),
      { numRuns: 200 },
    );
  });

  test('take the first hello: a second one changes nothing', () => {
    const pair = new BindingPair(1);
    const { acceptor } = pair;
    acceptor.meddle = (bytes) => {
      const bind = read(bytes);
      return bind.kind === 'bind-hello' ? [bytes, encodeBind({ ...bind, commit: new Uint8Array(32) })] : [bytes];
    };
    pair.run();
    for (const end of pair.ends) expect(end.bound).toHaveLength(1);
  });

  test('cannot be given a share of another length', () => {
    const { setup } = new BindingPair(1).initiator;
    expect(() => new Binding(0, { ...setup, share: new Uint8Array(31) })).toThrow(RangeError);
  });
});

describe('an end fails', () => {
  /** The acceptor's codes where the initiator is as `change` makes it. */
  const failing = (change: (pair: BindingPair) => void, pair: BindingPair = new BindingPair(1)): string[] => {
    change(pair);
    pair.run();
    expect(pair.acceptor.bound).toEqual([]);
    expect(pair.acceptor.binding?.nextTimeout()).toBeUndefined();
    return pair.acceptor.failed;
  };
  const forging =
    (forge: (bind: Bind) => Bind) =>
    ({ acceptor }: BindingPair): void => {
      acceptor.meddle = (bytes) => [encodeBind(forge(read(bytes)))];
    };

  test('as `identity` if the other has the keys of another device', () => {
    const pair = new BindingPair(1, { acceptor: { peer: 'e'.repeat(32) } });
    expect(failing(() => {}, pair)).toEqual(['identity']);
  });

  test('as `identity` if its own hello comes back', () => {
    expect(failing(({ acceptor }) => (acceptor.meddle = () => acceptor.sent.slice(0, 1)))).toEqual(['identity']);
  });

  test.each([
    ['the neutral element', point(1)],
    ['a point of order 4', point(0)],
    [
      'an encoding that is not canonical',
      Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xee : i < 31 ? 255 : 127)),
    ],
    ['no point at all', point(2)],
  ])('as `identity` for a signing key that is %s, also if its id is that of the member', (_what, signKey) => {
    const pair = new BindingPair(1, { acceptor: { peer: deviceIdOf(signKey) } });
    expect(
      failing(
        forging((bind) => (bind.kind === 'bind-hello' ? { ...bind, signKey } : bind)),
        pair,
      ),
    ).toEqual(['identity']);
  });

  test.each([
    ['0', point(0)],
    ['1', point(1)],
    ['of order 8', Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex')],
    ['not canonical', Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xed : i < 31 ? 255 : 127))],
  ])('as `identity` for a key to agree with that is %s', (_what, agreeKey) => {
    expect(failing(forging((bind) => (bind.kind === 'bind-hello' ? { ...bind, agreeKey } : bind)))).toEqual([
      'identity',
    ]);
  });

  test('as `binding` for a share that was not promised', () => {
    const share = new Uint8Array(32).fill(3);
    expect(failing(forging((bind) => (bind.kind === 'bind-proof' ? { ...bind, share } : bind)))).toEqual(['binding']);
  });

  test('as `binding` for a promise and a share that somebody put in place of the signer’s', () => {
    const share = new Uint8Array(32).fill(3);
    const commit = commitTo(share);
    const forge = (bind: Bind): Bind => (bind.kind === 'bind-proof' ? { ...bind, share } : { ...bind, commit });
    expect(failing(forging(forge))).toEqual(['binding']);
  });

  test('as `binding` for a signature with one bit changed', () => {
    const forge = (bind: Bind): Bind =>
      bind.kind === 'bind-proof'
        ? { ...bind, signature: bind.signature.with(40, (bind.signature[40] ?? 0) ^ 1) }
        : bind;
    expect(failing(forging(forge))).toEqual(['binding']);
  });

  test('as `binding` for another’s key to agree with, put in place of the signer’s', () => {
    const { agreeKey } = crewOf(5).initiator;
    expect(failing(forging((bind) => (bind.kind === 'bind-hello' ? { ...bind, agreeKey } : bind)))).toEqual([
      'binding',
    ]);
  });

  test('as `binding` if all it hears is of another session of the same two devices', () => {
    const crew = crewOf(1);
    const before = new BindingPair(7, { crew });
    before.run();
    expect(before.acceptor.bound).toHaveLength(1);
    const replayed = ({ acceptor }: BindingPair): void => {
      acceptor.meddle = (bytes) => before.initiator.sent.filter((old) => read(old).kind === read(bytes).kind);
    };
    expect(failing(replayed, new BindingPair(8, { crew }))).toEqual(['binding']);
  });

  test('as `binding` for its own proof, sent back with the other’s hello', () => {
    const reflecting = ({ acceptor }: BindingPair): void => {
      acceptor.meddle = (bytes) => {
        const bind = read(bytes);
        const own = acceptor.sent.map(read).find(({ kind }) => kind === 'bind-proof');
        return bind.kind === 'bind-hello' ? [bytes] : own === undefined ? [] : [encodeBind(own)];
      };
    };
    expect(failing(reflecting)).toEqual(['binding']);
  });

  test.each([
    ['of another pool', { pool: 'lagoon' }],
    ['who takes itself for the other end', { role: 'acceptor' as const }],
    ['who sees another certificate', { fingerprints: { own: FINGERPRINTS.initiator, theirs: new Uint8Array(32) } }],
    ['who has another certificate', { fingerprints: { own: new Uint8Array(32), theirs: FINGERPRINTS.acceptor } }],
  ])('as `binding` with one %s, and so does that one', (_what, initiator) => {
    const pair = new BindingPair(1, { initiator });
    pair.run();
    for (const end of pair.ends) expect([end.failed, end.bound]).toEqual([['binding'], []]);
  });

  test('and so does the other, however their datagrams overtake each other', () => {
    const fingerprints = { own: FINGERPRINTS.initiator, theirs: new Uint8Array(32) };
    for (let seed = 1; seed <= 100; seed++) {
      const shape = { delayMsMax: 100, keyMsMax: 50, apartMsMax: 30, repeatRatio: 0.3 };
      const pair = new BindingPair(seed, { crew: crewOf(1), shape, initiator: { fingerprints } });
      pair.run();
      for (const end of pair.ends) {
        expect({ seed, failed: end.failed, bound: end.bound }).toEqual({ seed, failed: ['binding'], bound: [] });
      }
    }
  });

  test('once, and is deaf and mute from then on', () => {
    const pair = new BindingPair(1, { acceptor: { peer: 'e'.repeat(32) } });
    pair.run();
    const { acceptor, initiator } = pair;
    const { length } = acceptor.outputs;
    for (const bytes of initiator.sent) pair.deliver(acceptor, bytes);
    expect(acceptor.outputs).toHaveLength(length);
  });
});
