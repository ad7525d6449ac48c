// The limit on what this device takes and gives, as a person set it: remembered in this browser, for every pool.
import { signal, type Signal } from '@preact/signals';
import { loadRates, saveRates } from './storage.ts';

/** Bytes per second; what is not said has no limit. */
export interface Rates {
  readonly downBytesPerSecond?: number;
  readonly upBytesPerSecond?: number;
}

/** What the fields are in: a megabyte, as sizes are shown. */
const UNIT_BYTES = 1_000_000;

export const rates: Signal<Rates> = signal(readRates(loadRates()));

export function setRates(next: Rates): void {
  rates.value = next;
  saveRates(JSON.stringify(next));
}

/** Bytes per second of a field in MB/s; undefined for an empty one, or for what is no positive number. */
export function parseRate(text: string): number | undefined {
  const megabytes = Number(text.trim().replace(',', '.'));
  return text.trim() !== '' && megabytes > 0 && megabytes <= 1e6 ? Math.ceil(megabytes * UNIT_BYTES) : undefined;
}

/** What stands in the field for it. */
export function rateText(bytesPerSecond: number | undefined): string {
  return bytesPerSecond === undefined ? '' : String(bytesPerSecond / UNIT_BYTES);
}

/** What was kept as text. No limits for anything else than what this app wrote. */
export function readRates(text: string): Rates {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return {};
    const down = 'downBytesPerSecond' in value ? positive(value.downBytesPerSecond) : undefined;
    const up = 'upBytesPerSecond' in value ? positive(value.upBytesPerSecond) : undefined;
    return {
      ...(down === undefined ? {} : { downBytesPerSecond: down }),
      ...(up === undefined ? {} : { upBytesPerSecond: up }),
    };
  } catch {
    return {};
  }
}

const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
