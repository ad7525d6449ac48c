// What a person has chosen for this browser: theme, what may call for attention, and how links may go. Kept for all its tabs.
import { effect, signal, type Signal } from '@preact/signals';
import { loadSettings, saveSettings } from './storage.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** off; messages that call for this person; those and whispers; every message. */
export const NOTIFY_LEVELS = ['off', 'calls', 'whispers', 'all'] as const;
export type NotifyLevel = (typeof NOTIFY_LEVELS)[number];

export interface Settings {
  readonly theme: Theme;
  readonly notify: NotifyLevel;
  /** Notifications show what was said, not only by whom. */
  readonly notifyText: boolean;
  /** Codes of pools that never notify. */
  readonly muted: readonly string[];
  /** All links go through the server's TURN server or not at all: others learn no address of this device. */
  readonly relayOnly: boolean;
}

/** Pools that are remembered as muted; the oldest choice goes first. */
const MUTED_MAX = 500;

const PRESET: Settings = { theme: 'system', notify: 'off', notifyText: false, muted: [], relayOnly: false };

export const settings: Signal<Settings> = signal(readSettings(loadSettings()));

export function change(choice: Partial<Settings>): void {
  settings.value = { ...settings.value, ...choice };
  saveSettings(JSON.stringify(settings.value));
}

export function mute(pool: string, on: boolean): void {
  const others = settings.value.muted.filter((each) => each !== pool);
  change({ muted: on ? [...others, pool].slice(-MUTED_MAX) : others });
}

/** What was saved, as far as it makes sense; anything else is as at first. */
export function readSettings(text: string): Settings {
  const saved = parsed(text);
  const muted = saved['muted'];
  return {
    theme: THEMES.find((each) => each === saved['theme']) ?? PRESET.theme,
    notify: NOTIFY_LEVELS.find((each) => each === saved['notify']) ?? PRESET.notify,
    notifyText: saved['notifyText'] === true,
    muted: Array.isArray(muted) ? muted.filter((each) => typeof each === 'string').slice(-MUTED_MAX) : [],
    relayOnly: saved['relayOnly'] === true,
  };
}

/** Keeps the page in the theme that was chosen, from now on. */
export function keepTheme(): void {
  effect(() => {
    const { theme } = settings.value;
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
