// The frames of the input sources we bring along: layouts, declared as data, and how to read what they quantize.
import { templateSchema, type DatagramSchema } from '../wire/registry.ts';
import type { Values } from '../wire/template.ts';

/** x and y: 0 to UNIT of the element's width and height. buttons: as in PointerEvent.buttons. inside: 1, or 0 once it left. */
const POINTER = { x: 'u16', y: 'u16', buttons: 'u8', inside: 'u8' } as const;
/** One bit a key, lowest first, in the order of KEY_CODES; set while it is held. */
const KEYBOARD = { keys0: 'u32', keys1: 'u32', keys2: 'u32', keys3: 'u32' } as const;
/** buttons: one bit each, lowest first. Triggers: 0 to 255. Axes: -32767 to 32767, right and down above 0. */
const GAMEPAD = {
  buttons: 'u32',
  leftTrigger: 'u8',
  rightTrigger: 'u8',
  axis0: 'i16',
  axis1: 'i16',
  axis2: 'i16',
  axis3: 'i16',
} as const;
/** count: of the frames made so far. wave: a sine that turns once in a hundred frames. */
const SYNTHETIC = { count: 'u32', wave: 'i16' } as const;

export type PointerFrame = Values<typeof POINTER>;
export type KeyboardFrame = Values<typeof KEYBOARD>;
export type GamepadFrame = Values<typeof GAMEPAD>;
export type SyntheticFrame = Values<typeof SYNTHETIC>;

/** At the end of the application's numbers, where they are in nobody's way. */
const SCHEMA_ID = 0xff00;

export const pointerSchema: DatagramSchema<PointerFrame> = templateSchema(SCHEMA_ID, 'pointer', POINTER);
export const keyboardSchema: DatagramSchema<KeyboardFrame> = templateSchema(SCHEMA_ID + 1, 'keyboard', KEYBOARD);
export const gamepadSchema: DatagramSchema<GamepadFrame> = templateSchema(SCHEMA_ID + 2, 'gamepad', GAMEPAD);
export const syntheticSchema: DatagramSchema<SyntheticFrame> = templateSchema(SCHEMA_ID + 3, 'synthetic', SYNTHETIC);

/** What 1 becomes in a u16. */
export const UNIT = 65_535;

/** `KeyboardEvent.code` (UI Events code values) of the keys that are told of; a key's place is its bit. At most 128. */
export const KEY_CODES: readonly string[] = [
  Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ', (letter) => `Key${letter}`),
  Array.from('0123456789', (digit) => `Digit${digit}`),
  Array.from('0123456789', (digit) => `Numpad${digit}`),
  ['Add', 'Subtract', 'Multiply', 'Divide', 'Decimal', 'Enter'].map((name) => `Numpad${name}`),
  ['Up', 'Down', 'Left', 'Right'].map((name) => `Arrow${name}`),
  ['Shift', 'Control', 'Alt', 'Meta'].flatMap((name) => [`${name}Left`, `${name}Right`]),
  ['Space', 'Enter', 'Tab', 'Escape', 'Backspace', 'Delete', 'Insert', 'Home', 'End', 'PageUp', 'PageDown'],
  ['Backquote', 'Minus', 'Equal', 'BracketLeft', 'BracketRight', 'Backslash', 'IntlBackslash'],
  ['Semicolon', 'Quote', 'Comma', 'Period', 'Slash', 'CapsLock'],
  Array.from({ length: 12 }, (_, i) => `F${i + 1}`),
].flat();

/** The codes of the keys that `frame` says are held. */
export function heldKeys({ keys0, keys1, keys2, keys3 }: KeyboardFrame): string[] {
  const words = [keys0, keys1, keys2, keys3];
  return KEY_CODES.filter((_, key) => (((words[key >>> 5] ?? 0) >>> (key & 31)) & 1) === 1);
}
