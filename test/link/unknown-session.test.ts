import { describe, expect, test } from '@jest/globals';
import { LINK_CODES } from '../../src/wire/codes.ts';
import { encodeControl, type Control } from '../../src/wire/datagram.ts';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { dataOf, kindsSaid, Lone, payload, received, sorted, upTo } from './support.ts';

const STRANGE = 0xdead_beefn;
const strangers: [string, Uint8Array][] = [
  ['connect', encodeControl({ kind: 'connect', session: STRANGE, nonce: 1n, messageCreditBytes: 0 })],
  ['accepted', encodeControl({ kind: 'accepted', session: STRANGE, nonce: 1n, messageCreditBytes: 0 })],
  ['heartbeat', encodeControl({ kind: 'heartbeat', session: STRANGE, timeUs: 0 })],
  ['data', dataOf(STRANGE, 0, [{ kind: 'ping' }])],
  ['empty data', dataOf(STRANGE, 0, [])],
];
const refusal: Control = { kind: 'disconnect', session: STRANGE, code: LINK_CODES['unknown-session'] };

describe('a datagram of an unknown session', () => {
  test.each(strangers)('%s is answered with disconnect by an open acceptor, which lives on', (_, bytes) => {
    const lone = new Lone('acceptor').open();
    expect(lone.hear(bytes)).toEqual([refusal]);
    expect(lone.link.state).toBe('open');
  });

  test.each(strangers)('%s is answered with disconnect by an open initiator, which lives on', (_, bytes) => {
    const lone = new Lone('initiator').open();
    expect(lone.hear(bytes)).toEqual([refusal]);
    expect(lone.link.state).toBe('open');
  });

  test.each(strangers)('%s is answered with disconnect by an acceptor that has no session yet', (_, bytes) => {
    const lone = new Lone('acceptor');
    lone.link.handle(lone.now, { kind: 'transport-open' });
    expect(lone.hear(bytes)).toEqual([refusal]);
  });

  test('disconnect is never answered, or two ends would go on for ever', () => {
    for (const role of ['initiator', 'acceptor'] as const) {
      for (const code of Object.values(LINK_CODES)) {
        expect(new Lone(role).open().hear({ kind: 'disconnect', session: STRANGE, code })).toEqual([]);
      }
    }
  });

  test('disconnect of a strange session ends nothing', () => {
    const lone = new Lone('initiator').open();
    lone.hear({ kind: 'disconnect', session: STRANGE, code: LINK_CODES.left });
    expect(lone.link.state).toBe('open');
  });

  test('a flood of them is answered at most unknownRepliesPerSecond times a second', () => {
    const lone = new Lone('acceptor', { unknownRepliesPerSecond: 20 }).open();
    const heartbeat: Control = { kind: 'heartbeat', session: STRANGE, timeUs: 0 };
    const answersIn = (): number => upTo(1000).flatMap(() => lone.hear(heartbeat)).length;
    expect(answersIn()).toBe(20);
    lone.now += 500;
    expect(answersIn()).toBe(0);
    lone.now += 501;
    expect(answersIn()).toBe(20);
  });
});

describe('an initiator whose session was forgotten', () => {
  test('connects anew when the acceptor was restarted, and both talk again', () => {
    const pair = new LinkPair();
    pair.connect();
    const before = pair.initiator.link.sessionId;
    pair.acceptor.restart();
    pair.acceptor.handle({ kind: 'transport-open' });
    pair.run(3000);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['open', 'open']);
    expect(pair.initiator.link.sessionId).toBe(pair.acceptor.link.sessionId);
    expect(pair.initiator.link.sessionId).not.toBe(before);
    expect(pair.initiator.outputs.map(({ kind }) => kind)).toEqual(['open', 'reset', 'open']);
    for (const end of pair.ends) for (const i of upTo(3)) end.send(payload(i, 5000));
    pair.settle();
    for (const end of pair.ends) expect(sorted(received(end))).toEqual(upTo(3));
  });

  test('is found out by a heartbeat alone, without any traffic', () => {
    const pair = new LinkPair({ path: { delayMs: 5 } });
    pair.connect();
    pair.acceptor.restart();
    pair.acceptor.handle({ kind: 'transport-open' });
    const fromMs = pair.clock.now;
    pair.runUntil(() => pair.acceptor.link.state === 'open', 1100);
    expect(kindsSaid(pair.initiator, fromMs)).toEqual(['heartbeat', 'connect']);
    expect(kindsSaid(pair.acceptor, fromMs)).toEqual(['disconnect', 'accepted']);
  });

  test('an acceptor takes a restarted initiator and reports that the old session is gone', () => {
    const pair = new LinkPair();
    pair.connect();
    pair.run(1500);
    pair.initiator.restart();
    pair.initiator.handle({ kind: 'transport-open' });
    pair.run(1000);
    expect(pair.acceptor.outputs.map(({ kind }) => kind)).toEqual(['open', 'reset', 'open']);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['open', 'open']);
    expect(pair.initiator.link.sessionId).toBe(pair.acceptor.link.sessionId);
  });

  test('what was queued in the forgotten session does not come up in the next', () => {
    const pair = new LinkPair();
    pair.connect();
    pair.network.change({ lossRatio: 1 });
    for (const i of upTo(10)) pair.initiator.send(payload(i, 3000));
    pair.acceptor.restart();
    pair.acceptor.handle({ kind: 'transport-open' });
    pair.network.change({ lossRatio: 0 });
    pair.runUntil(() => pair.initiator.all('reset').length === 1, 5000);
    expect(pair.initiator.link.heldBytes.messagesOut).toBe(0);
    pair.initiator.send(payload(99, 3000));
    pair.settle();
    pair.run(3000);
    expect(received(pair.acceptor)).toEqual([99]);
  });
});
