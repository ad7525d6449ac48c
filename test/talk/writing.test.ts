// When what a person says is written: not before those who have just come may read it, and not much later either.
import { describe, expect, test } from '@jest/globals';
import { TALK_DEFAULTS } from '../../src/talk/options.ts';
import { Talk } from '../../src/talk/talk.ts';

const [ADA, BEN, CY] = ['0a'.repeat(16), '0b'.repeat(16), '0c'.repeat(16)];
const ROOM = 'ff'.repeat(16);

function alone(): { talk: Talk; ops: () => string[] } {
  const talk = new Talk({ self: ADA, links: { send: () => 'ok' }, poolTimeMs: (now) => now });
  const ops = (): string[] => {
    const names: string[] = [];
    for (let out = talk.poll(); out !== undefined; out = talk.poll()) {
      if (out.kind === 'talk') names.push(out.op.op);
    }
    return names;
  };
  talk.start(0);
  talk.done(0, 0, { ok: true, value: { chains: [], members: [], messages: [], rooms: [], account: ADA } });
  ops();
  return { talk, ops };
}

const say = (talk: Talk, now: number): void => {
  talk.write(now, ROOM, { kind: 'text', text: 'hi', notify: [], important: false, announcement: false });
};
const met = (device: string): Parameters<Talk['peerUp']>[1] => {
  const keys = { signKey: new Uint8Array(32), agreeKey: new Uint8Array(32) };
  return { device, ...keys, name: 'Ben', kind: 'browser', role: 'member' };
};

describe('what is said', () => {
  test('is written at once while nobody is on the way', () => {
    const { talk, ops } = alone();
    say(talk, 0);
    expect(ops()).toEqual(['write']);
  });

  test('waits for those who have just come, and is written after they were met', () => {
    const { talk, ops } = alone();
    talk.expect(0, BEN);
    talk.expect(10, CY);
    say(talk, 20);
    talk.peerUp(500, met(BEN));
    expect(ops()).toEqual(['met']);
    talk.peerUp(600, met(CY));
    expect(ops()).toEqual(['met', 'write']);
  });

  test('waits no longer for somebody who left again, or cannot be reached', () => {
    const { talk, ops } = alone();
    talk.expect(0, BEN);
    talk.expect(0, CY);
    say(talk, 20);
    talk.peerDown(100, BEN);
    expect(ops()).toEqual([]);
    expect(talk.nextTimeout()).toBe(TALK_DEFAULTS.meetMs);
    talk.timeout(TALK_DEFAULTS.meetMs);
    expect(ops()).toEqual(['write']);
    say(talk, TALK_DEFAULTS.meetMs + 1);
    expect(ops()).toEqual(['write']);
  });
});
