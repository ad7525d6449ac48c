// An entry of the conversation that told of an offer was taken back: the offer goes with it, whoever brings the word.
import { describe, expect, test } from '@jest/globals';
import { entryId } from '../../src/wire/entry.ts';
import { CHUNK_BYTES, Net, type Device } from './net.ts';

const CHUNKS = 40;
const CHAIN = 'c'.repeat(32);

/** Two devices, the second of which has begun to receive two files that the first offers, each told of by an entry. */
function midway(): { net: Net; from: Device; to: Device; entry: string } {
  const net = new Net(7);
  const [from, to] = [net.join(), net.join()];
  const told = (name: string, seq: number): string => {
    const entry = entryId(from.id, CHAIN, seq);
    from.offer([{ name, bytes: net.random.bytes(CHUNKS * CHUNK_BYTES) }], undefined, entry);
    return entry;
  };
  const entry = told('a', 1);
  told('b', 2);
  from.rate = CHUNK_BYTES * 50;
  net.run(50);
  to.acceptAll();
  net.run(400);
  expect([...to.store.chunksOf('a')].length).toBeGreaterThan(0);
  expect([...to.store.chunksOf('b')].length).toBeGreaterThan(0);
  return { net, from, to, entry };
}

const takeBack = (device: Device, entry: string): void => device.act((share, now) => share.takenBack(now, entry));

describe('an offer whose entry is taken back', () => {
  test('names that entry at both ends', () => {
    const { from, to, entry } = midway();
    expect(from.offers[0]).toMatchObject({ own: true, entry });
    expect(to.offers[0]).toMatchObject({ own: false, entry });
  });

  test('ends where it is received, and nothing of it stays, while another goes on', () => {
    const { net, to, entry } = midway();
    takeBack(to, entry);
    net.run(50);
    expect(to.transfer('a')).toMatchObject({ state: 'ended', end: 'withdrawn' });
    expect([...to.store.chunksOf('a')]).toEqual([]);
    expect(net.runUntil(() => to.transfer('b')?.end === 'verified')).toBe(true);
  });

  test('ends also where it waits for its device, which is gone', () => {
    const { net, from, to, entry } = midway();
    net.kill(from);
    net.run(50);
    expect(to.transfer('a')).toMatchObject({ state: 'waiting' });
    takeBack(to, entry);
    net.run(50);
    expect(to.transfer('a')).toMatchObject({ state: 'ended', end: 'withdrawn' });
    expect(to.transfer('b')).toMatchObject({ state: 'waiting' });
    expect([...to.store.chunksOf('a')]).toEqual([]);
  });

  test('is not to be had any more where nobody has answered yet', () => {
    const { net, to, entry } = midway();
    const late = net.join();
    net.run(50);
    takeBack(late, entry);
    expect(late.offers.map(({ state }) => state)).toEqual(['withdrawn', 'open']);
    expect(to.offers.map(({ state }) => state)).toEqual(['accepted', 'accepted']);
  });

  test('is withdrawn by the device that made it', () => {
    const { net, from, to, entry } = midway();
    takeBack(from, entry);
    net.run(50);
    expect(from.offers.map(({ state }) => state)).toEqual(['withdrawn', 'open']);
    expect(to.transfer('a')).toMatchObject({ end: 'withdrawn' });
    const late = net.join();
    net.run(50);
    expect(late.offers).toHaveLength(1);
  });

  test('that was received whole stays its receiver’s', () => {
    const { net, to, entry } = midway();
    expect(net.runUntil(() => to.transfer('a')?.end === 'verified')).toBe(true);
    takeBack(to, entry);
    net.run(50);
    expect(to.transfer('a')).toMatchObject({ end: 'verified' });
  });
});
