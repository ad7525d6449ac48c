// A seal under two real links: everything works as without one, and ends that do not agree part at once.
import { expect, test } from '@jest/globals';
import { Link, type LinkOutput } from '../../src/link/link.ts';
import { Random } from '../../src/sim/random.ts';
import { aesGcmSeal } from '../../src/wire/seal-aes-gcm.ts';
import type { Seal } from '../../src/wire/seal.ts';

const KEY = new Uint8Array(32).fill(3);

/** Two links joined by nothing but this array of what they said, for `untilMs`. */
function joined(
  initiatorSeal: Seal | undefined,
  acceptorSeal: Seal | undefined,
): {
  readonly ends: readonly { readonly link: Link; readonly outputs: LinkOutput[] }[];
  readonly kinds: Set<number>;
  run(ms: number): void;
} {
  const random = new Random(1);
  const end = (role: 'initiator' | 'acceptor', seal: Seal | undefined): { link: Link; outputs: LinkOutput[] } => ({
    link: new Link({ role, random: (n) => random.bytes(n), ...(seal === undefined ? {} : { seal }) }),
    outputs: [],
  });
  const ends = [end('acceptor', acceptorSeal), end('initiator', initiatorSeal)] as const;
  const kinds = new Set<number>();
  let now = 0;
  for (const { link } of ends) link.handle(0, { kind: 'transport-open' });
  const run = (ms: number): void => {
    for (const untilMs = now + ms; now < untilMs; now += 1) {
      for (const [i, { link, outputs }] of ends.entries()) {
        if (now >= (link.nextTimeout() ?? Infinity)) link.handle(now, { kind: 'timeout' });
        for (let output = link.poll(); output !== undefined; output = link.poll()) {
          if (output.kind !== 'datagram') outputs.push(output);
          else {
            kinds.add(output.bytes[1] ?? 0);
            ends[1 - i]?.link.handle(now, { kind: 'datagram', bytes: output.bytes.slice() });
          }
        }
      }
    }
  };
  run(100);
  return { ends, kinds, run };
}

test('two links with one seal deliver what they are given, and no data goes in the clear', () => {
  const { ends, kinds, run } = joined(aesGcmSeal(KEY, 'initiator'), aesGcmSeal(KEY, 'acceptor'));
  const message = new Random(2).bytes(20_000);
  for (const { link } of ends) expect(link.sendMessage(100, message.slice())).toBe('ok');
  expect(ends[0]?.link.sendControl(100, 256, Uint8Array.of(1, 2, 3), 1000)).toBe('ok');
  expect(ends[0]?.link.sendControl(100, 256, new Uint8Array(1024), 1000)).toBe('ok');
  run(1000);
  for (const { link, outputs } of ends) {
    expect(outputs.filter(({ kind }) => kind === 'message')).toEqual([{ kind: 'message', bytes: message }]);
    expect(link.unackedMessages).toBe(0);
    expect(link.state).toBe('open');
  }
  expect(ends[1]?.outputs.filter(({ kind }) => kind === 'control')).toHaveLength(2);
  expect(kinds.has(17)).toBe(true);
  expect(kinds.has(16)).toBe(false);
});

test.each<[string, Seal | undefined, Seal | undefined]>([
  ['one seals and the other does not', aesGcmSeal(KEY, 'initiator'), undefined],
  ['one does not and the other seals', undefined, aesGcmSeal(KEY, 'acceptor')],
  ['their keys differ', aesGcmSeal(KEY, 'initiator'), aesGcmSeal(new Uint8Array(32), 'acceptor')],
  ['both take themselves for the initiator', aesGcmSeal(KEY, 'initiator'), aesGcmSeal(KEY, 'initiator')],
])('two links part with `malformed` when %s, and nothing is delivered', (_, initiatorSeal, acceptorSeal) => {
  const { ends, run } = joined(initiatorSeal, acceptorSeal);
  for (const { link } of ends) link.sendMessage(100, new Uint8Array(100));
  run(1000);
  for (const { outputs } of ends) {
    expect(outputs.filter(({ kind }) => kind === 'message')).toEqual([]);
    expect(outputs.at(-1)).toMatchObject({ kind: 'closed', code: 'malformed' });
  }
});
