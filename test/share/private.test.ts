// Offers for chosen devices alone: to anybody else they do not exist, whatever is asked, of whomever, and none of those who
// receive one passes anything of it on.
import { describe, expect, test } from '@jest/globals';
import type { ShareEnvelope } from '../../src/share/share.ts';
import { CHUNK_BYTES, Net, received, type Device } from './net.ts';

const CHUNKS = 100;
const seeds = Array.from({ length: 24 }, (_, i) => i + 1);

interface Three {
  readonly net: Net;
  readonly from: Device;
  readonly to: Device;
  readonly third: Device;
  readonly bytes: Uint8Array;
}

/** One device offers another a file, before the eyes of a third. */
function three(seed: number): Three {
  const net = new Net(seed);
  const [from, to, third] = [net.join(), net.join(), net.join()];
  from.rate = 500_000;
  const bytes = net.random.bytes(CHUNKS * CHUNK_BYTES - 5);
  from.offer([{ name: 'a', bytes }], [to]);
  net.run(50);
  return { net, from, to, third, bytes };
}

const has = (device: Device, bytes: Uint8Array): boolean =>
  Buffer.compare(received(device).get('a') ?? new Uint8Array(), bytes) === 0;

/** Numbers by which the offering device calls the offer and the file. */
function numbersOf(to: Device): { readonly offer: number; readonly transfer: number } {
  const [offer] = to.offers;
  return { offer: Number(offer?.id.split('/')[1]), transfer: offer?.files[0]?.number ?? 0 };
}

/** The number by which the receiving device calls the file. */
function handleOf({ heard }: Device, to: Device): number {
  const have = heard.find(({ from, envelope }) => from === to.id && envelope.kind === 'have')?.envelope;
  if (have?.kind !== 'have') throw new Error('nothing was told of a file');
  return have.handle;
}

/** All that one device can try to learn of a file of another by its numbers; what it hears, with the delays. */
function probe(net: Net, third: Device, of: Device, origin: Device, offer: number, transfer: number): unknown[] {
  const { heard, links } = third;
  const before = heard.length;
  const startedMs = net.clock.now;
  const empty = { first: 0, bitmap: new Uint8Array(), all: false };
  const sent: ShareEnvelope[] = [
    { kind: 'have', origin: origin.id, transfer, handle: 7, ...empty },
    { kind: 'have', origin: origin.id, transfer, handle: 7, ...empty, all: true },
    { kind: 'answer', offer, accept: true, transfers: [], attempt: 0 },
    { kind: 'answer', offer, accept: true, transfers: [transfer], attempt: 1 },
    { kind: 'answer', offer, accept: false, transfers: [], attempt: 2 },
    { kind: 'ended', transfer, code: 'refused' },
    { kind: 'ended', transfer, code: 'verified' },
  ];
  for (const envelope of sent) {
    links.send(of.id, envelope);
    links.requestChunk(of.id, transfer, 0, CHUNK_BYTES);
    links.requestChunk(of.id, transfer, CHUNKS + 1, CHUNK_BYTES);
    net.run(20);
  }
  net.run(500);
  links.dropTransfer(of.id, transfer, 'in');
  net.run(20);
  return heard.slice(before).map(({ from, atMs, envelope }) => ({
    ...envelope,
    from,
    afterMs: atMs - startedMs,
    transfer: 'transfer' in envelope && envelope.transfer === transfer ? 'the one that was asked for' : 'another',
  }));
}

describe('an offer for one device', () => {
  test('reaches that one alone, and says so', () => {
    const { net, from, to, third, bytes } = three(1);
    const [own] = from.offers;
    if (own === undefined) throw new Error('no offer');
    from.act((share, now) => share.picture(now, own.id, 0, new Uint8Array([1, 2, 3])));
    net.run(50);
    expect(from.offers).toMatchObject([{ own: true, private: true, to: [to.id] }]);
    expect(to.offers).toMatchObject([{ own: false, private: true, files: [{ thumbnail: new Uint8Array([1, 2, 3]) }] }]);
    expect(to.offers[0]).not.toHaveProperty('to');
    to.acceptAll();
    expect(net.runUntil(() => has(to, bytes))).toBe(true);
    from.act((share, now) => share.withdraw(now, own.id));
    net.run(500);
    expect(to.offers).toMatchObject([{ state: 'accepted' }]);
    expect(third.offers).toEqual([]);
    expect(third.heard).toEqual([]);
  });

  test('that is taken back is taken back from that one alone, and whoever comes later hears of neither', () => {
    const net = new Net(5);
    const [from, to, third] = [net.join(), net.join(), net.join()];
    const id = from.offer(
      ['a', 'b'].map((name) => ({ name, bytes: net.random.bytes(CHUNKS * CHUNK_BYTES) })),
      [to],
    );
    net.run(50);
    const late = net.join();
    net.run(50);
    from.act((share, now) => share.withdraw(now, id));
    net.run(50);
    expect(to.offers).toMatchObject([{ state: 'withdrawn' }]);
    expect([...third.heard, ...late.heard]).toEqual([]);
  });

  test('that cannot be read any more ends without a word to others', () => {
    const { net, from, to, third } = three(2);
    to.acceptAll();
    from.tamper = (op, result) => (op.op === 'read' ? { ok: false, code: 'unreadable' } : result);
    net.run(3000);
    expect(to.transfer('a')?.end).toBe('unreadable');
    expect(third.heard).toEqual([]);
  });

  test.each(seeds)('is no other than a file that does not exist to whoever guesses its numbers (seed %i)', (seed) => {
    const { net, from, to, third, bytes } = three(seed);
    // Before the answer, while it runs and when it is there.
    const { offer, transfer } = numbersOf(to);
    const ask = (of: Device, number: number): void => {
      const real = probe(net, third, of, from, offer, number);
      expect(real).toEqual(probe(net, third, of, from, offer + 50_000, number + 50_000));
      expect(real).toContainEqual(expect.objectContaining({ kind: 'ended', code: 'refused' }));
    };
    ask(from, transfer);
    to.acceptAll();
    expect(net.runUntil(() => (to.transfer('a')?.doneBytes ?? 0) > 0)).toBe(true);
    ask(from, transfer);
    ask(to, handleOf(from, to));
    ask(to, transfer);
    expect(net.runUntil(() => has(to, bytes))).toBe(true);
    ask(from, transfer);
    ask(to, handleOf(from, to));
    expect(new Set(third.heard.map(({ envelope }) => envelope.kind))).toEqual(new Set(['ended']));
    expect(third.heard.every(({ envelope }) => envelope.kind === 'ended' && envelope.code === 'refused')).toBe(true);
    expect(from.transfers.map(({ peer }) => peer)).toEqual([to.id]);
    expect(to.transfer('a')?.sources.map(({ peer }) => peer)).toEqual([from.id]);
    expect(net.requests(to.id, third.id)).toBe(0);
  });

  test.each(seeds)('arrives though sessions begin anew and its receiver is gone for a while (seed %i)', (seed) => {
    const { net, from, to, third, bytes } = three(seed);
    to.acceptAll();
    for (let i = 0; i < 3; i++) {
      net.run(net.random.between(50, 500));
      net.link(from, to);
    }
    net.run(net.random.between(50, 500));
    const verified = to.transfer('a')?.doneBytes ?? 0;
    net.kill(to);
    to.store.crash(() => net.random.chance(0.2));
    net.run(1000);
    const back = net.join({ id: to.id, store: to.store });
    net.run(50);
    expect(back.offers).toMatchObject([{ private: true, state: 'open' }]);
    back.acceptAll();
    expect(net.runUntil(() => has(back, bytes))).toBe(true);
    expect(back.transfer('a')?.keptBytes).toBeGreaterThanOrEqual(verified);
    expect(back.store.rewrittenBytes).toBe(0);
    expect(third.heard).toEqual([]);
  });

  test('goes on by itself when the offering device comes back and offers it again to the same device', () => {
    const { net, from, to, third, bytes } = three(3);
    to.acceptAll();
    net.run(1500);
    const verified = to.transfer('a')?.doneBytes ?? 0;
    expect(verified).toBeGreaterThan(0);
    net.kill(from);
    net.run(500);
    net.join({ id: from.id }).offer([{ name: 'a', bytes }], [to]);
    expect(net.runUntil(() => has(to, bytes))).toBe(true);
    expect(to.transfer('a')?.keptBytes).toBeGreaterThanOrEqual(verified);
    expect(third.heard).toEqual([]);
  });

  test('is not told of to whoever offers everyone a file that looks the same', () => {
    const { net, from, to, third, bytes } = three(4);
    to.acceptAll();
    net.run(1500);
    net.kill(from);
    net.run(50);
    third.rate = 100_000;
    third.offer([{ name: 'a', bytes }]);
    net.run(50);
    to.acceptAll();
    net.run(500);
    const [mine, theirs] = to.transfers;
    expect(mine).toMatchObject({ state: 'waiting', peer: from.id });
    expect(theirs).toMatchObject({ state: 'running', peer: third.id, keptBytes: 0 });
    const told = third.heard.flatMap(({ envelope }) => (envelope.kind === 'have' ? [...envelope.bitmap] : []));
    expect(told.reduce((bits, byte) => bits + byte.toString(2).replaceAll('0', '').length, 0)).toBeLessThanOrEqual(
      (theirs?.doneBytes ?? 0) / CHUNK_BYTES,
    );
    net.join({ id: from.id }).offer([{ name: 'a', bytes }], [to]);
    expect(net.runUntil(() => to.transfers.every(({ end }) => end === 'verified'))).toBe(true);
  });
});

describe('an offer for two devices', () => {
  test.each(seeds)('reaches each from the offering device, and neither hears of the other (seed %i)', (seed) => {
    const net = new Net(seed);
    const [from, a, b, third] = [net.join(), net.join(), net.join(), net.join()];
    from.rate = net.random.between(200_000, 1_000_000);
    const bytes = net.random.bytes(CHUNKS * CHUNK_BYTES - 5);
    from.offer([{ name: 'a', bytes }], [a, b]);
    net.run(50);
    a.acceptAll();
    net.run(net.random.between(0, 1000));
    b.acceptAll();
    expect(net.runUntil(() => has(a, bytes) && has(b, bytes))).toBe(true);
    for (const device of [a, b]) {
      expect(new Set(device.heard.map(({ from: who }) => who))).toEqual(new Set([from.id]));
      expect(device.heard.filter(({ envelope }) => envelope.kind === 'have')).toEqual([]);
      expect(device.transfer('a')?.sources.map(({ peer }) => peer)).toEqual([from.id]);
    }
    expect(third.heard).toEqual([]);
  });

  test('is not told to one of them who comes later before it is there', () => {
    const net = new Net(9);
    const [from, third] = [net.join(), net.join()];
    const [late] = [net.join()];
    net.kill(late);
    from.offer([{ name: 'a', bytes: new Uint8Array(5) }], [late]);
    net.run(50);
    const again = net.join({ id: late.id });
    net.run(50);
    expect(again.offers).toMatchObject([{ private: true }]);
    expect(third.offers).toEqual([]);
  });
});
