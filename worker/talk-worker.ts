// The page's side of conversations: the same TalkStore that Node has, with the work done in a worker of its own (talk-main.ts).
import type { TalkBatch, TalkStore } from '../src/io/talk-store.ts';
import { askToPersist } from './persistence.ts';
import { Requests } from './requests.ts';
import type { TalkCall, TalkResults } from './talk-messages.ts';

export class WorkerTalkStore implements TalkStore {
  readonly #requests: Requests<TalkCall, TalkResults>;

  /** `device`: whose conversations; two tabs are two devices. */
  constructor(device: string) {
    const worker = new Worker(new URL('./talk-main.ts', import.meta.url), {
      type: 'module',
      name: `rockpool-talk-${device}`,
    });
    this.#requests = new Requests(worker);
  }

  readonly load: TalkStore['load'] = (...args) => this.#requests.ask({ kind: 'load', args });
  readonly entries: TalkStore['entries'] = (...args) => this.#requests.ask({ kind: 'entries', args });
  readonly epoch: TalkStore['epoch'] = (...args) => this.#requests.ask({ kind: 'epoch', args });
  readonly messages: TalkStore['messages'] = (...args) => this.#requests.ask({ kind: 'messages', args });
  readonly awaited: TalkStore['awaited'] = (...args) => this.#requests.ask({ kind: 'awaited', args });
  readonly waiting: TalkStore['waiting'] = (...args) => this.#requests.ask({ kind: 'waiting', args });
  readonly proofs: TalkStore['proofs'] = (...args) => this.#requests.ask({ kind: 'proofs', args });
  readonly page: TalkStore['page'] = (...args) => this.#requests.ask({ kind: 'page', args });
  readonly announcements: TalkStore['announcements'] = (...args) => this.#requests.ask({ kind: 'announcements', args });
  readonly unread: TalkStore['unread'] = (...args) => this.#requests.ask({ kind: 'unread', args });
  readonly search: TalkStore['search'] = (...args) => this.#requests.ask({ kind: 'search', args });
  readonly saved: TalkStore['saved'] = (...args) => this.#requests.ask({ kind: 'saved', args });
  readonly pools: TalkStore['pools'] = (...args) => this.#requests.ask({ kind: 'pools', args });
  readonly forget: TalkStore['forget'] = (...args) => this.#requests.ask({ kind: 'forget', args });

  commit(pool: string, batch: TalkBatch): Promise<void> {
    askToPersist();
    return this.#requests.ask({ kind: 'commit', args: [pool, compact(batch)] });
  }

  close(): Promise<void> {
    return this.#requests.close({ kind: 'close', args: [] });
  }
}

/** The same with bytes of its own each: of a view, everything around it would cross and lie in the database. */
function compact(batch: TalkBatch): TalkBatch {
  const { chains = [], members = [], entries = [], epochs = [], proofs = [] } = batch;
  const own = (bytes: Uint8Array): Uint8Array => (bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice());
  return {
    ...batch,
    chains: chains.map((each) => ({ ...each, hash: own(each.hash) })),
    members: members.map((each) => ({
      ...each,
      signKey: own(each.signKey),
      agreeKey: each.agreeKey && own(each.agreeKey),
    })),
    entries: entries.map((each) => ({ ...each, bytes: own(each.bytes) })),
    epochs: epochs.map((each) => ({ ...each, key: each.key && own(each.key) })),
    proofs: proofs.map((each) => ({ ...each, one: own(each.one), other: own(each.other) })),
  };
}
