// What people hold in their hands, sampled into frames: pointer, keyboard, gamepad; and a made-up input for tests. A source
// is asked once a poll and answers undefined while nothing has changed. Layouts are declared in control-frames.ts.
import {
  KEY_CODES,
  UNIT,
  type GamepadFrame,
  type KeyboardFrame,
  type PointerFrame,
  type SyntheticFrame,
} from './control-frames.ts';

/** Asked once a poll. `stop` takes its listeners away. */
export interface ControlSource<T> {
  sample(): T | undefined;
  stop(): void;
}

/** What of `EventTarget` the sources use; elements and windows have it. */
type Listening = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;

/** Where an element is and how large: `Element` has it. */
export interface Area extends Listening {
  getBoundingClientRect(): {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
}

/** The pointer over `area`, in units of its width and height. When it leaves, one frame says so. */
export function pointerSource(area: Area): ControlSource<PointerFrame> {
  const latest = newest<PointerFrame>();
  const moved = (event: Event): void => {
    const { clientX, clientY, buttons } = event as PointerEvent;
    const { left, top, width, height } = area.getBoundingClientRect();
    if (width <= 0 || height <= 0) return;
    const x = quantized((clientX - left) / width);
    const y = quantized((clientY - top) / height);
    latest.set({ x, y, buttons: buttons & 0xff, inside: 1 });
  };
  const left = (): void => {
    if (latest.last !== undefined) latest.set({ ...latest.last, buttons: 0, inside: 0 });
  };
  const stop = listen(area, {
    pointermove: moved,
    pointerdown: moved,
    pointerup: moved,
    pointerleave: left,
    pointercancel: left,
  });
  return { sample: () => latest.take(), stop };
}

/** The keys that are held while `target` (a window or an element) has the focus; none once it lost it. */
export function keyboardSource(target: Listening): ControlSource<KeyboardFrame> {
  const latest = newest<KeyboardFrame>();
  const held = new Set<number>();
  const changed = (): void => {
    const words = [0, 0, 0, 0];
    for (const key of held) words[key >>> 5] = ((words[key >>> 5] ?? 0) | (1 << (key & 31))) >>> 0;
    const [keys0 = 0, keys1 = 0, keys2 = 0, keys3 = 0] = words;
    latest.set({ keys0, keys1, keys2, keys3 });
  };
  const down = (event: Event): void => {
    const { code, repeat } = event as KeyboardEvent;
    const key = KEY_CODES.indexOf(code);
    if (repeat || key < 0 || held.has(key)) return;
    held.add(key);
    changed();
  };
  const up = (event: Event): void => {
    if (held.delete(KEY_CODES.indexOf((event as KeyboardEvent).code))) changed();
  };
  // A key that is let go elsewhere is never heard of.
  const blur = (): void => {
    if (held.size === 0) return;
    held.clear();
    changed();
  };
  const stop = listen(target, { keydown: down, keyup: up, blur });
  return { sample: () => latest.take(), stop };
}

/** What 1 becomes in an axis. */
const AXIS_UNIT = 32_767;
/** In the standard mapping of the Gamepad specification. */
const LEFT_TRIGGER = 6;
const RIGHT_TRIGGER = 7;

/** What of `Gamepad` is read. */
export interface Pad {
  readonly axes: readonly number[];
  readonly buttons: readonly { readonly value: number }[];
}

/** The first gamepad that is connected, or the one `pads` gives. Nothing is said while none is. */
export function gamepadSource(
  pads: () => readonly (Pad | null)[] = () => navigator.getGamepads(),
): ControlSource<GamepadFrame> {
  let said: GamepadFrame | undefined;
  return {
    sample() {
      const pad = pads().find((one) => one !== null);
      if (pad === undefined || pad === null) return undefined;
      const button = (index: number): number => clamped(pad.buttons[index]?.value ?? 0, 0);
      const axis = (index: number): number => Math.round(AXIS_UNIT * clamped(pad.axes[index] ?? 0, -1));
      let buttons = 0;
      for (let i = 0; i < Math.min(32, pad.buttons.length); i++) if (button(i) >= 0.5) buttons |= 1 << i;
      const frame = {
        buttons: buttons >>> 0,
        leftTrigger: Math.round(255 * button(LEFT_TRIGGER)),
        rightTrigger: Math.round(255 * button(RIGHT_TRIGGER)),
        axis0: axis(0),
        axis1: axis(1),
        axis2: axis(2),
        axis3: axis(3),
      };
      // Sticks tremble: what differs by less than a thousandth is the same.
      if (said !== undefined && same(said, frame)) return undefined;
      said = frame;
      return frame;
    },
    stop() {},
  };
}

/** Something new in every poll, that says which it was: for tests and measurements. */
export function syntheticSource(): ControlSource<SyntheticFrame> {
  let count = 0;
  return {
    sample() {
      const wave = Math.round(32_767 * Math.sin((2 * Math.PI * count) / 100));
      return { count: count++ % 2 ** 32, wave };
    },
    stop() {},
  };
}

function same(a: GamepadFrame, b: GamepadFrame): boolean {
  const near = (name: keyof GamepadFrame): boolean => Math.abs(a[name] - b[name]) <= AXIS_UNIT / 1000;
  if (a.buttons !== b.buttons || a.leftTrigger !== b.leftTrigger || a.rightTrigger !== b.rightTrigger) return false;
  return near('axis0') && near('axis1') && near('axis2') && near('axis3');
}

interface Newest<T> {
  readonly last: T | undefined;
  set(value: T): void;
  /** The newest value, once. */
  take(): T | undefined;
}

function newest<T>(): Newest<T> {
  let last: T | undefined;
  let fresh = false;
  return {
    get last() {
      return last;
    },
    set(value) {
      last = value;
      fresh = true;
    },
    take() {
      if (!fresh) return undefined;
      fresh = false;
      return last;
    },
  };
}

function listen(target: Listening, listeners: Readonly<Record<string, (event: Event) => void>>): () => void {
  const all = Object.entries(listeners);
  for (const [name, listener] of all) target.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of all) target.removeEventListener(name, listener);
  };
}

const quantized = (value: number): number => Math.round(UNIT * clamped(value, 0));

/** `low` to 1; a number that is none counts as 0. */
function clamped(value: number, low: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(low, value)) : 0;
}
