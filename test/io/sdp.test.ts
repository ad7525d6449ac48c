// The gate for the other end's signals, without any connection behind it.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { REMOTE_CANDIDATES_MAX, SignalGate } from '../../src/io/sdp.ts';
import type { Signal } from '../../src/wire/signaling.ts';

const SDP = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n';
const OFFER: Signal = { kind: 'offer', sdp: SDP };
const ANSWER: Signal = { kind: 'answer', sdp: SDP };

const at = (address: string, port = 9): Signal => ({
  kind: 'candidate',
  candidate: `candidate:1 1 udp 2122260223 ${address} ${port} typ host generation 0 ufrag ab+/`,
  mid: '0',
});
const refused = { kind: 'refuse' };
const nothing = { kind: 'apply', signals: [] };

describe('descriptions', () => {
  test('an initiator takes an answer and no offer', () => {
    expect(new SignalGate(true).admit(OFFER)).toEqual(refused);
    expect(new SignalGate(true).admit(ANSWER)).toEqual({ kind: 'apply', signals: [ANSWER] });
  });

  test('the other end takes an offer and no answer', () => {
    expect(new SignalGate(false).admit(ANSWER)).toEqual(refused);
    expect(new SignalGate(false).admit(OFFER)).toEqual({ kind: 'apply', signals: [OFFER] });
  });

  test('a second description is refused', () => {
    const gate = new SignalGate(false);
    gate.admit(OFFER);
    expect(gate.admit(OFFER)).toEqual(refused);
  });

  test.each([
    ['nothing', ''],
    ['no section', SDP.slice(0, SDP.indexOf('m='))],
    ['a section of video', SDP.replace('application', 'video')],
    ['two sections', `${SDP}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n`],
    ['something before the version', `x${SDP}`],
  ])('one with %s is refused', (_what, sdp) => {
    expect(new SignalGate(false).admit({ kind: 'offer', sdp })).toEqual(refused);
  });
});

describe('candidates', () => {
  test('early ones wait for the description and follow it in order', () => {
    const gate = new SignalGate(false);
    expect(gate.admit(at('10.0.0.1'))).toEqual(nothing);
    expect(gate.admit(at('fe80::1%eth0'))).toEqual(nothing);
    expect(gate.admit(OFFER)).toEqual({ kind: 'apply', signals: [OFFER, at('10.0.0.1'), at('fe80::1%eth0')] });
    expect(gate.admit(at('10.0.0.2'))).toEqual({ kind: 'apply', signals: [at('10.0.0.2')] });
  });

  test('the attribute prefix of libdatachannel is taken off', () => {
    const gate = new SignalGate(false);
    gate.admit(OFFER);
    const { candidate } = at('10.0.0.1') as Signal & { kind: 'candidate' };
    expect(gate.admit({ kind: 'candidate', candidate: `a=${candidate}`, mid: '0' })).toEqual({
      kind: 'apply',
      signals: [at('10.0.0.1')],
    });
  });

  test('an mDNS name passes and every other name is passed over', () => {
    const gate = new SignalGate(false);
    gate.admit(OFFER);
    const hidden = at('3f1c7a52-0b5e-4c1d-9a52-6a3f6d1e0c11.local');
    expect(gate.admit(hidden)).toEqual({ kind: 'apply', signals: [hidden] });
    for (const name of ['example.com', 'a.b.local', 'localhost', '.local', 'abc', 'de:f.example.com']) {
      expect([name, gate.admit(at(name))]).toEqual([name, nothing]);
    }
  });

  test.each([
    'candidate:',
    'candidate:1 1 udp x 10.0.0.1 9 typ host',
    'candidate:1 1 udp 1 10.0.0.1 9',
    'garbage',
    '\0',
  ])('%j is refused', (candidate) => {
    expect(new SignalGate(false).admit({ kind: 'candidate', candidate, mid: '0' })).toEqual(refused);
  });

  test('the end of candidates is no news', () => {
    expect(new SignalGate(false).admit({ kind: 'candidate', candidate: '', mid: '0' })).toEqual(nothing);
  });

  test('a flood of them is cut off at the limit, before the description and after it', () => {
    const gate = new SignalGate(false);
    for (let port = 1; port <= REMOTE_CANDIDATES_MAX + 50; port += 1) gate.admit(at('10.0.0.1', port));
    const admitted = gate.admit(OFFER);
    expect(admitted.kind === 'apply' && admitted.signals.length).toBe(1 + REMOTE_CANDIDATES_MAX);
    expect(gate.admit(at('10.0.0.1', 9))).toEqual(nothing);
  });
});

test('no string makes the gate throw', () => {
  const words = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((tail) => `candidate:1 1 udp 1 ${tail}`),
    fc.string().map((tail) => SDP + tail),
  );
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.tuple(fc.constantFrom('offer', 'answer', 'candidate'), words)),
      (side, all) => {
        const gate = new SignalGate(side);
        for (const [kind, text] of all) {
          gate.admit(kind === 'candidate' ? { kind, candidate: text, mid: text } : { kind, sdp: text });
        }
      },
    ),
    { numRuns: 10_000 },
  );
});
