// What waited for something that has arrived is applied by the keeper a piece at a time: the machine asks for piece after piece.
import { describe, expect, test } from '@jest/globals';
import { Talk, type TalkOutput } from '../../src/talk/talk.ts';
import type { TalkOp, TalkResult } from '../../src/talk/ports.ts';

const NOTHING = { messages: [], rooms: [], members: [] } as const;
const OPENED = { ...NOTHING, chains: [], account: 'a'.repeat(32) } as const;

class Asked {
  readonly talk: Talk = new Talk({
    self: 'a'.repeat(32),
    links: { send: () => 'ok' },
    poolTimeMs: (now) => now,
  });
  readonly #ids = new Map<TalkOp['op'], number>();

  /** Operations that were asked for since the last call, by kind. */
  ops(): TalkOp['op'][] {
    const asked: TalkOp['op'][] = [];
    for (let output: TalkOutput | undefined = this.talk.poll(); output !== undefined; output = this.talk.poll()) {
      if (output.kind !== 'talk') continue;
      asked.push(output.op.op);
      this.#ids.set(output.op.op, output.id);
    }
    return asked;
  }

  answer(op: TalkOp['op'], result: TalkResult): TalkOp['op'][] {
    this.talk.done(0, this.#ids.get(op) ?? -1, result);
    return this.ops();
  }
}

describe('the machine', () => {
  test('asks for more of what is due until nothing is, once at a time', () => {
    const asked = new Asked();
    asked.talk.start(0);
    expect(asked.ops()).toEqual(['open']);
    expect(asked.answer('open', { ok: true, value: { ...OPENED, due: true } })).toEqual(['wake']);
    asked.talk.save(0, 'x', true);
    expect(asked.ops()).toEqual(['save']);
    expect(asked.answer('save', { ok: true, value: { ...NOTHING, due: true } })).toEqual([]);
    expect(asked.answer('wake', { ok: true, value: { ...NOTHING, due: true } })).toEqual(['wake']);
    expect(asked.answer('wake', { ok: true, value: NOTHING })).toEqual([]);
  });

  test('asks again after the disk refused, when the keeper says that something is due', () => {
    const asked = new Asked();
    asked.talk.start(0);
    asked.ops();
    asked.answer('open', { ok: true, value: { ...OPENED, due: true } });
    expect(asked.answer('wake', { ok: false, code: 'store-failed' })).toEqual([]);
    asked.talk.save(0, 'x', true);
    asked.ops();
    expect(asked.answer('save', { ok: true, value: { ...NOTHING, due: true } })).toEqual(['wake']);
  });
});
