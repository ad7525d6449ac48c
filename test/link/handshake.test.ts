import { describe, expect, test } from '@jest/globals';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { kindsSaid, Lone, payload, received, said, sorted, upTo } from './support.ts';

describe('the handshake', () => {
  test('opens both ends on one session, which the acceptor drew, in one round trip', () => {
    const pair = new LinkPair({ path: { delayMs: 10 } });
    pair.connect();
    expect(pair.clock.now).toBe(20);
    expect(pair.initiator.link.sessionId).toBe(pair.acceptor.link.sessionId);
    expect(pair.acceptor.link.sessionId).not.toBe(0n);
    for (const end of pair.ends) expect(end.outputs).toEqual([{ kind: 'open', resumed: false }]);
  });

  test('goes connect, accepted, then heartbeats from both ends', () => {
    const pair = new LinkPair();
    pair.connect();
    pair.run(1500);
    expect(kindsSaid(pair.initiator)).toEqual(['connect', 'heartbeat']);
    expect(kindsSaid(pair.acceptor)).toEqual(['accepted', 'heartbeat']);
  });

  test.each(['initiator', 'acceptor'] as const)('opens when the transport opens at the %s first', (first) => {
    const pair = new LinkPair();
    pair.openTransport(first);
    pair.run(1000);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['open', 'open']);
  });

  test('repeats connect with growing pauses until it is answered', () => {
    const pair = new LinkPair();
    pair.initiator.handle({ kind: 'transport-open' });
    pair.run(2000);
    expect(pair.initiator.said.map(({ atMs }) => atMs)).toEqual([0, 250, 750, 1750]);
  });

  test('survives the loss of the first connect and of the first accepted', () => {
    const pair = new LinkPair();
    let connects = 0;
    let accepteds = 0;
    pair.acceptor.filter = (bytes) => (connects++ === 0 ? undefined : bytes);
    pair.initiator.filter = (bytes) => (accepteds++ === 0 ? undefined : bytes);
    pair.connect(2000);
    expect(pair.initiator.link.sessionId).toBe(pair.acceptor.link.sessionId);
    expect(pair.acceptor.all('open')).toHaveLength(1);
    expect(pair.acceptor.all('reset')).toHaveLength(0);
  });

  test('a connect that arrives twice makes one session', () => {
    const pair = new LinkPair({ path: { duplicateRatio: 1, reorderMs: 100 } });
    pair.connect();
    const session = pair.acceptor.link.sessionId;
    pair.run(500);
    expect(pair.ends.map((end) => end.link.sessionId)).toEqual([session, session]);
    for (const end of pair.ends) expect(end.outputs.map(({ kind }) => kind)).toEqual(['open']);
  });

  test('an accepted for another nonce opens nothing', () => {
    const lone = new Lone('initiator');
    lone.link.handle(lone.now, { kind: 'transport-open' });
    const connect = lone.drain()[0];
    const nonce = connect?.kind === 'connect' ? connect.nonce : 0n;
    lone.hear({ kind: 'accepted', session: 5n, nonce: nonce ^ 1n, messageCreditBytes: 0 });
    expect(lone.link.state).toBe('opening');
  });

  test('an accepted that names session 0 ends the link as malformed', () => {
    const lone = new Lone('initiator');
    lone.link.handle(lone.now, { kind: 'transport-open' });
    const connect = lone.drain()[0];
    const nonce = connect?.kind === 'connect' ? connect.nonce : 0n;
    lone.hear({ kind: 'accepted', session: 0n, nonce, messageCreditBytes: 0 });
    expect(lone.outputs).toEqual([{ kind: 'closed', code: 'malformed', byPeer: false }]);
  });

  test('messages sent before the first handshake wait for it, at both ends', () => {
    const pair = new LinkPair();
    for (const end of pair.ends) for (const i of upTo(5)) expect(end.send(payload(i, 100))).toBe('ok');
    pair.connect();
    pair.settle();
    for (const end of pair.ends) expect(sorted(received(end))).toEqual(upTo(5));
  });

  test('gives up after idleMs without an answer and says lost', () => {
    const pair = new LinkPair({ link: { idleMs: 6000 } });
    pair.initiator.handle({ kind: 'transport-open' });
    pair.acceptor.handle({ kind: 'transport-open' });
    pair.network.change({ lossRatio: 1 });
    pair.initiator.filter = () => undefined;
    pair.acceptor.filter = () => undefined;
    pair.run(5999);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['opening', 'opening']);
    pair.run(2);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['detached', 'detached']);
    for (const end of pair.ends) expect(end.outputs).toEqual([{ kind: 'lost' }]);
  });

  test('data that overtakes accepted is not lost', () => {
    const pair = new LinkPair();
    pair.openTransport();
    let held: Uint8Array | undefined;
    pair.initiator.filter = (bytes) => {
      if (held !== undefined) return bytes;
      held = bytes;
      return undefined;
    };
    pair.runUntil(() => pair.acceptor.link.state === 'open', 1000);
    pair.acceptor.send(payload(0, 50));
    pair.run(100);
    pair.initiator.receive(held ?? new Uint8Array(0));
    pair.settle();
    expect(received(pair.initiator)).toEqual([0]);
    expect(said(pair.initiator).filter(({ kind }) => kind === 'disconnect')).toEqual([]);
  });
});
