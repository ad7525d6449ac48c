// Errors as data: what a call rejects with on the host is what it rejects with in the window, code and all.
import { StoreError, type StoreErrorCode } from '../io/store.ts';
import { TalkError, type TalkErrorCode } from '../io/talk-face.ts';
import { HostError, type HostErrorCode } from './host-face.ts';

export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

const TALK: Readonly<Record<TalkErrorCode, true>> = { refused: true, 'store-failed': true, left: true, absent: true };
const STORE: Readonly<Record<StoreErrorCode, true>> = {
  unreadable: true,
  changed: true,
  'no-space': true,
  'store-failed': true,
};
const HOST: Readonly<Record<HostErrorCode, true>> = {
  unreadable: true,
  refused: true,
  'not-here': true,
  'store-failed': true,
  gone: true,
};

export function recordOf(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  const coded = error instanceof TalkError || error instanceof StoreError || error instanceof HostError;
  return coded ? { name, message, code: error.code } : { name, message };
}

/** What is of no kind known here becomes an Error with the same message. */
export function errorOf({ name, message, code = '' }: ErrorRecord): Error {
  if (name === 'TalkError' && isOf(TALK, code)) return new TalkError(code, message);
  if (name === 'StoreError' && isOf(STORE, code)) return new StoreError(code, message);
  if (name === 'HostError' && isOf(HOST, code)) return new HostError(code, message);
  return name === 'RangeError' ? new RangeError(message) : new Error(message);
}

const isOf = <Code extends string>(codes: Readonly<Record<Code, true>>, code: string): code is Code =>
  Object.hasOwn(codes, code);
