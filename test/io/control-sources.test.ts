import { describe, expect, test } from '@jest/globals';
import {
  heldKeys,
  gamepadSchema,
  KEY_CODES,
  keyboardSchema,
  pointerSchema,
  syntheticSchema,
  UNIT,
} from '../../src/io/control-frames.ts';
import {
  gamepadSource,
  keyboardSource,
  pointerSource,
  syntheticSource,
  type Area,
  type Pad,
} from '../../src/io/control-sources.ts';
import { UP_FRAME_BYTES_MAX } from '../../src/control/options.ts';

const event = (name: string, values: object = {}): Event => Object.assign(new Event(name), values);

class Board extends EventTarget implements Area {
  width = 200;
  getBoundingClientRect(): { left: number; top: number; width: number; height: number } {
    return { left: 10, top: 20, width: this.width, height: 100 };
  }
}

describe('the pointer as a source', () => {
  test('is where it is over the element, in parts of its size', () => {
    const board = new Board();
    const source = pointerSource(board);
    expect(source.sample()).toBeUndefined();
    board.dispatchEvent(event('pointermove', { clientX: 110, clientY: 45, buttons: 1 }));
    expect(source.sample()).toEqual({ x: Math.round(UNIT / 2), y: Math.round(UNIT / 4), buttons: 1, inside: 1 });
  });

  test('says a thing once, and of many moves between two polls the last', () => {
    const board = new Board();
    const source = pointerSource(board);
    for (const clientX of [10, 60, 210])
      board.dispatchEvent(event('pointermove', { clientX, clientY: 20, buttons: 0 }));
    expect(source.sample()?.x).toBe(UNIT);
    expect(source.sample()).toBeUndefined();
  });

  test('says when it left, and nothing before it came', () => {
    const board = new Board();
    const source = pointerSource(board);
    board.dispatchEvent(event('pointerleave'));
    expect(source.sample()).toBeUndefined();
    board.dispatchEvent(event('pointerdown', { clientX: 10, clientY: 20, buttons: 1 }));
    board.dispatchEvent(event('pointerleave'));
    expect(source.sample()).toEqual({ x: 0, y: 0, buttons: 0, inside: 0 });
  });

  test('stays in range outside of the element, and quiet over one without a size', () => {
    const board = new Board();
    const source = pointerSource(board);
    board.dispatchEvent(event('pointermove', { clientX: -500, clientY: 5000, buttons: 0 }));
    expect(source.sample()).toMatchObject({ x: 0, y: UNIT });
    board.width = 0;
    board.dispatchEvent(event('pointermove', { clientX: 50, clientY: 50, buttons: 0 }));
    expect(source.sample()).toBeUndefined();
  });

  test('listens no more once stopped', () => {
    const board = new Board();
    const source = pointerSource(board);
    source.stop();
    board.dispatchEvent(event('pointermove', { clientX: 50, clientY: 50, buttons: 0 }));
    expect(source.sample()).toBeUndefined();
  });
});

describe('the keyboard as a source', () => {
  const press = (target: EventTarget, name: 'keydown' | 'keyup', code: string, repeat = false): void =>
    void target.dispatchEvent(event(name, { code, repeat }));

  test('is the keys that are held', () => {
    const target = new EventTarget();
    const source = keyboardSource(target);
    for (const code of ['KeyW', 'ShiftLeft', 'F12']) press(target, 'keydown', code);
    const frame = source.sample();
    expect(frame === undefined ? [] : heldKeys(frame).sort()).toEqual(['F12', 'KeyW', 'ShiftLeft']);
    press(target, 'keyup', 'KeyW');
    const next = source.sample();
    expect(next === undefined ? [] : heldKeys(next).sort()).toEqual(['F12', 'ShiftLeft']);
  });

  test('says nothing of repeats and of keys that have no number', () => {
    const target = new EventTarget();
    const source = keyboardSource(target);
    press(target, 'keydown', 'KeyA');
    source.sample();
    press(target, 'keydown', 'KeyA', true);
    press(target, 'keydown', 'BrowserHome');
    press(target, 'keyup', 'BrowserHome');
    expect(source.sample()).toBeUndefined();
  });

  test('lets go of everything when the focus is lost', () => {
    const target = new EventTarget();
    const source = keyboardSource(target);
    press(target, 'keydown', 'KeyA');
    target.dispatchEvent(event('blur'));
    const frame = source.sample();
    expect(frame === undefined ? ['?'] : heldKeys(frame)).toEqual([]);
  });

  test('gives every key a bit of its own', () => {
    expect(KEY_CODES.length).toBeLessThanOrEqual(128);
    expect(new Set(KEY_CODES).size).toBe(KEY_CODES.length);
    const target = new EventTarget();
    const source = keyboardSource(target);
    for (const code of KEY_CODES) press(target, 'keydown', code);
    const frame = source.sample();
    expect(frame === undefined ? [] : heldKeys(frame)).toEqual(KEY_CODES);
  });
});

describe('a gamepad as a source', () => {
  const pad = (axes: readonly number[], values: readonly number[]): Pad => ({
    axes,
    buttons: values.map((value) => ({ value })),
  });

  test('is its axes, triggers and buttons', () => {
    const source = gamepadSource(() => [null, pad([-1, 0.5, 0, 1], [1, 0, 0, 0, 0, 0, 0.2, 1])]);
    expect(source.sample()).toEqual({
      buttons: 0b1000_0001,
      leftTrigger: 51,
      rightTrigger: 255,
      axis0: -32_767,
      axis1: 16_384,
      axis2: 0,
      axis3: 32_767,
    });
    expect(source.sample()).toBeUndefined();
  });

  test('is silent while none is connected, and about a stick that only trembles', () => {
    let connected: Pad | null = null;
    const source = gamepadSource(() => [connected]);
    expect(source.sample()).toBeUndefined();
    connected = pad([0.1], []);
    expect(source.sample()?.axis0).toBe(3277);
    connected = pad([0.1005], []);
    expect(source.sample()).toBeUndefined();
    connected = pad([0.12], []);
    expect(source.sample()?.axis0).toBe(3932);
  });

  test('stays in range whatever the driver says', () => {
    const source = gamepadSource(() => [pad([Number.NaN, 7, -7], [Number.POSITIVE_INFINITY])]);
    expect(source.sample()).toMatchObject({ axis0: 0, axis1: 32_767, axis2: -32_767, buttons: 0 });
  });
});

test('the synthetic source has something new in every poll', () => {
  const source = syntheticSource();
  const frames = Array.from({ length: 100 }, () => source.sample());
  expect(frames.map((frame) => frame?.count)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(Math.max(...frames.map((frame) => frame?.wave ?? 0))).toBe(32_767);
});

test('every frame that sources make fits a stream several times over', () => {
  for (const { bytesMax } of [pointerSchema, keyboardSchema, gamepadSchema, syntheticSchema]) {
    expect(bytesMax * 8).toBeLessThanOrEqual(UP_FRAME_BYTES_MAX);
  }
});
