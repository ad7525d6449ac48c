// The worker of conversations. It has a thread of its own, because what that of files does to the disk holds up all that
// comes after it. talk-worker.ts is the other end.
import { answerEach } from './answers.ts';
import { openTalkDatabase } from './talk-database.ts';
import type { TalkCall, TalkResults } from './talk-messages.ts';
import { IdbTalkStore } from './talk-store.ts';

// The worker's own name says whose conversations these are: that of the database.
declare const name: string;

const store = new IdbTalkStore(openTalkDatabase(name));

answerEach<TalkCall, TalkResults[TalkCall['kind']], never>(async (call) => {
  switch (call.kind) {
    case 'load':
      return store.load(...call.args);
    case 'commit':
      return store.commit(...call.args);
    case 'entries':
      return store.entries(...call.args);
    case 'epoch':
      return store.epoch(...call.args);
    case 'messages':
      return store.messages(...call.args);
    case 'awaited':
      return store.awaited(...call.args);
    case 'waiting':
      return store.waiting(...call.args);
    case 'proofs':
      return store.proofs(...call.args);
    case 'page':
      return store.page(...call.args);
    case 'announcements':
      return store.announcements(...call.args);
    case 'unread':
      return store.unread(...call.args);
    case 'search':
      return store.search(...call.args);
    case 'saved':
      return store.saved(...call.args);
    case 'pools':
      return store.pools();
    case 'forget':
      return store.forget(...call.args);
    case 'close':
      return store.close();
    default:
      return assertNever(call);
  }
});

function assertNever(call: never): never {
  throw new TypeError(`unknown call ${JSON.stringify(call)}`);
}
