// What the page and the worker of conversations say to each other: every call of a TalkStore as it is. Types only.
import type { TalkStore } from '../src/io/talk-store.ts';

export type TalkCall = {
  readonly [Kind in keyof TalkStore]: { readonly kind: Kind; readonly args: Parameters<TalkStore[Kind]> };
}[keyof TalkStore];

/** What each call resolves to. */
export type TalkResults = { readonly [Kind in keyof TalkStore]: Awaited<ReturnType<TalkStore[Kind]>> };
