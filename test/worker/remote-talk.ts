// The conversations of a page, called from here.
import type { Page } from 'playwright-core';
import { StoreError } from '../../src/io/store.ts';
import type { TalkStore } from '../../src/io/talk-store.ts';
import { opened } from './remote-store.ts';
import { readTalk, writeTalk } from './talk-text.ts';

export function remoteTalk(page: Page): TalkStore {
  const call = async <T>(kind: keyof TalkStore, args: readonly unknown[]): Promise<T> => {
    const text = written(args);
    return readTalk(await opened(page.evaluate(([k, a]) => talkPage.call(k, a), [kind, text] as const)));
  };
  return {
    load: (...args) => call('load', args),
    commit: (...args) => call('commit', args),
    entries: (...args) => call('entries', args),
    epoch: (...args) => call('epoch', args),
    messages: (...args) => call('messages', args),
    awaited: (...args) => call('awaited', args),
    waiting: (...args) => call('waiting', args),
    proofs: (...args) => call('proofs', args),
    page: (...args) => call('page', args),
    announcements: (...args) => call('announcements', args),
    unread: (...args) => call('unread', args),
    search: (...args) => call('search', args),
    saved: (...args) => call('saved', args),
    pools: (...args) => call('pools', args),
    forget: (...args) => call('forget', args),
    close: (...args) => call('close', args),
  };
}

/** What cannot be read cannot be handed to a worker either. */
function written(args: readonly unknown[]): string {
  try {
    return writeTalk(args);
  } catch (error) {
    throw new StoreError('store-failed', 'The arguments cannot be handed to the page', { cause: error });
  }
}
