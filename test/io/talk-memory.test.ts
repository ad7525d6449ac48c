// The store in memory passes the suite of every TalkStore.
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import { talkStoreSuite } from './talk-store-suite.ts';

talkStoreSuite('the store in memory', async () => {
  const store = new MemoryTalkStore();
  return { store, reopen: async () => store, tearDown: () => store.close() };
});
