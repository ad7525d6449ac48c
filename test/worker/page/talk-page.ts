// The part of the page on which the tests drive a WorkerTalkStore: every call as one text, since bytes and what is undefined do
// not survive the way out of a page.
import { deleteDB, openDB, type IDBPDatabase } from 'idb';
import { StoreError } from '../../../src/io/store.ts';
import { WorkerTalkStore } from '../../../worker/talk-worker.ts';
import { readTalk, writeTalk } from '../talk-text.ts';
import type { Outcome } from './page.ts';

export interface TalkPage {
  /** `args`: of that call, as a text. So is what it resolves to. */
  call(kind: keyof WorkerTalkStore, args: string): Promise<Outcome<string>>;
  /** A new store. */
  open(): WorkerTalkStore;
  /** Closes the store and removes all that lies there. */
  wipe(): Promise<void>;
}

declare global {
  var talkPage: TalkPage;
  /** The database as it is. */
  var openTalkRecords: () => Promise<IDBPDatabase>;
}

let store: WorkerTalkStore | undefined;
const open = (): WorkerTalkStore => (store = new WorkerTalkStore('test'));

globalThis.openTalkRecords = () => openDB('rockpool-talk-test');

globalThis.talkPage = {
  open,
  call: async (kind, args) => {
    const target = store ?? open();
    try {
      return { ok: true, value: writeTalk(await Reflect.apply(target[kind], target, readTalk(args))) };
    } catch (error) {
      return { ok: false, code: error instanceof StoreError ? error.code : undefined, message: String(error) };
    }
  },
  wipe: async () => {
    await store?.close();
    await deleteDB('rockpool-talk-test');
  },
};
