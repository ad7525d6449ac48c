import { describe, expect, test } from '@jest/globals';
import { LINK_CODES, PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { endOf, Lone } from './support.ts';

function ofVersion(version: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => Uint8Array.of(version, ...bytes.subarray(1));
}

describe('a peer of another version', () => {
  test.each([0, PROTOCOL_VERSION + 1, 255])('is refused with the code version when it speaks version %p', (version) => {
    const pair = new LinkPair();
    pair.acceptor.filter = ofVersion(version);
    pair.openTransport();
    pair.run(1000);
    expect(endOf(pair.acceptor)).toEqual({ code: 'version', byPeer: false });
    expect(endOf(pair.initiator)).toEqual({ code: 'version', byPeer: true });
  });

  test('is told so once, with the session it named', () => {
    const lone = new Lone('acceptor');
    lone.link.handle(lone.now, { kind: 'transport-open' });
    const wrong = new Uint8Array(30).fill(1);
    wrong[0] = PROTOCOL_VERSION + 1;
    expect(lone.hear(wrong).map(({ kind }) => kind)).toEqual(['disconnect']);
    expect(lone.hear(wrong)).toEqual([]);
  });

  test('has no say once the link is open', () => {
    const lone = new Lone('acceptor').open();
    const wrong = new Uint8Array(30).fill(9);
    expect(lone.hear(wrong)).toEqual([]);
    expect(lone.link.state).toBe('open');
  });

  test('a version refusal from the peer ends an opening link and not an open one of another session', () => {
    const opening = new Lone('initiator');
    opening.link.handle(opening.now, { kind: 'transport-open' });
    opening.hear({ kind: 'disconnect', session: 0n, code: LINK_CODES.version });
    expect(opening.link.state).toBe('closed');
    const open = new Lone('initiator').open();
    open.hear({ kind: 'disconnect', session: 1n, code: LINK_CODES.version });
    expect(open.link.state).toBe('open');
  });
});
