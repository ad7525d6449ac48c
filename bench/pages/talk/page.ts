// The page that bench/talk measures in: what keys cost in a browser, and a long conversation written into this origin's database
// through the app's own store, for the app to find there.
import { holdDeviceKeys } from '../../../src/io/device-keys-browser.ts';
import { poolChain } from '../../../src/keys/entry.ts';
import { WorkerTalkStore } from '../../../worker/talk-worker.ts';
import { history } from '../../talk/history.ts';
import { measureKeys, type KeyRatios, type KeyWork } from '../../talk/keys.ts';

declare global {
  var measurePageKeys: (work: KeyWork) => Promise<KeyRatios>;
  /** Keeps a conversation of so many messages in `pool`, of the device that the next tab of this profile will be. */
  var fillConversation: (order: { readonly pool: string; readonly messages: number }) => Promise<void>;
}

/** Messages written in one transaction. */
const BATCH = 5000;

globalThis.measurePageKeys = measureKeys;
globalThis.fillConversation = async ({ pool, messages }) => {
  const { keys } = await holdDeviceKeys();
  const store = new WorkerTalkStore(keys.id);
  const made = history(keys, poolChain(pool), messages, Date.now());
  for (let at = 0; at < messages; at += BATCH) {
    await store.commit(pool, { messages: made.messages.slice(at, at + BATCH) });
  }
  const record = { pool, visitedMs: Date.now(), unread: 0, left: false };
  await store.commit(pool, { members: made.members, rooms: [made.room], pool: record });
  await store.close();
};
