// The conversation of a pool without a network: calls are recorded, and what is said comes back as a message, as in a pool where
// everything works.
import type { PeerView, PoolEvent, PoolRecord, RoomView, SayOptions } from '../../src/client.ts';
import type { FoundView, LinkInvitation, MemberView, MessageView, TalkFace, TalkHistory } from '../../src/client.ts';
import { HLC_PER_MS } from '../../src/wire/entry.ts';
import { memberView, messageView, roomView } from '../support/views.ts';

/** This device, which is its own person. */
export const SELF: string = 'f'.repeat(32);
const POOL_ROOM = '0'.repeat(32);
/** The log of what is whispered. */
const WHISPERS = '2'.repeat(32);
const MARA_ID = 'a'.repeat(32);

export const EVERYONE: RoomView = roomView({ id: POOL_ROOM });

/** A zone with Mara, called Kitchen. */
export const KITCHEN: RoomView = {
  ...EVERYONE,
  id: '1'.repeat(32),
  kind: 'zone',
  name: 'Kitchen',
  accounts: [MARA_ID, SELF],
};

/** A person with one device; `changes` say the rest. */
export const member = (device: string, name: string, changes: Partial<MemberView> = {}): MemberView =>
  memberView(device, name, { own: device === SELF, ...changes });

/** Mara's first message, to everyone, said now; `changes` say the rest. */
export function message(changes: Partial<MessageView> = {}): MessageView {
  const sentMs = Date.now();
  const mara = { id: `${MARA_ID}/${POOL_ROOM}/1`, room: POOL_ROOM, from: MARA_ID, account: MARA_ID };
  return messageView({ ...mara, text: 'hi', created: sentMs * HLC_PER_MS, sentMs, ...changes });
}

interface World {
  readonly calls: string[];
  readonly peers: () => readonly PeerView[];
  readonly emit: (event: PoolEvent) => void;
  readonly saying: () => Promise<void>;
  readonly arriving: () => boolean;
}

export class FakeTalk implements TalkFace {
  self: TalkFace['self'] = { device: SELF, account: SELF };
  rooms: readonly RoomView[] = [EVERYONE];
  members: readonly MemberView[] = [member(SELF, 'me')];
  /** What is kept, newest first. */
  kept: readonly MessageView[] = [];
  wordsOf: ReadonlyMap<string, readonly string[]> = new Map();
  older = 0;
  /** Up to where rooms were read. */
  readonly reads: (readonly [string, number])[] = [];
  /** How commands end. */
  doing: () => Promise<void> = () => Promise.resolve();
  readonly #world: World;
  #seq = 0;

  constructor(world: World) {
    this.#world = world;
  }
  async say(text: string, { room = POOL_ROOM, replyTo, important = false }: SayOptions = {}): Promise<string> {
    const { calls, emit, saying, arriving, peers } = this.#world;
    const where = room === POOL_ROOM ? '' : ` in ${room}`;
    calls.push(`say:${text}${where}${replyTo === undefined ? '' : ` to ${replyTo}`}${important ? ' important' : ''}`);
    await saying();
    const id = `${SELF}/${/^[0-9a-f]{32}$/.test(room) ? POOL_ROOM : WHISPERS}/${(this.#seq += 1)}`;
    const vote = important ? { by: [], of: 2, confirmed: false } : undefined;
    const own = { id, room, from: this.self.device, account: this.self.account, name: 'me', own: true };
    const said = message({ ...own, text, replyTo, vote });
    this.kept = [said, ...this.kept];
    emit({ kind: 'message', message: said, fresh: true });
    // A receipt is of a log: whispers have their own, the other rooms share one.
    const rooms = this.rooms.filter((each) => (each.kind === 'whisper' ? each.id === room : !id.includes(WHISPERS)));
    for (const { id: device } of arriving() ? peers().filter(({ path }) => path !== 'connecting') : []) {
      for (const { id: there } of rooms)
        emit({ kind: 'receipt', receipt: { device, room: there, deliveredTo: said.created, readTo: 0 } });
    }
    return id;
  }
  edit(id: string, text: string): Promise<void> {
    return this.#do(`edit:${id}:${text}`);
  }
  react(id: string, emoji: string, on: boolean): Promise<void> {
    return this.#do(`react:${id}:${emoji}:${on ? 'on' : 'off'}`);
  }
  retract(id: string): Promise<void> {
    return this.#do(`retract:${id}`);
  }
  confirm(id: string): Promise<void> {
    return this.#do(`confirm:${id}`);
  }
  evidence(): ReturnType<TalkFace['evidence']> {
    return Promise.resolve({ evidence: [], circle: [] });
  }
  save(): Promise<void> {
    return Promise.resolve();
  }
  announcements(): Promise<MessageView[]> {
    return Promise.resolve([]);
  }
  note(): Promise<void> {
    return Promise.resolve();
  }
  async whisper(accounts: readonly string[]): Promise<string> {
    const id = `whisper-${accounts.map((account) => account.charAt(0)).join('')}`;
    const room: RoomView = { ...EVERYONE, id, kind: 'whisper', accounts: [...accounts, SELF] };
    this.rooms = [...this.rooms.filter((each) => each.id !== id), room];
    return id;
  }
  createZone(): Promise<string> {
    return Promise.resolve(KITCHEN.id);
  }
  changeZone(): Promise<void> {
    return Promise.resolve();
  }
  typing(): void {}
  read(room: string, created: number): void {
    this.reads.push([room, created]);
  }
  page(room: string, limit: number): Promise<MessageView[]> {
    return Promise.resolve(this.kept.filter((each) => each.room === room).slice(0, limit));
  }
  message(id: string): Promise<MessageView | undefined> {
    return Promise.resolve(this.kept.find((each) => each.id === id));
  }
  async more(): Promise<number> {
    await this.#do('more');
    return this.older;
  }
  words(device: string): readonly string[] | undefined {
    return this.wordsOf.get(device);
  }
  verify(device: string, on: boolean): Promise<void> {
    return this.#do(`verify:${device}:${on ? 'on' : 'off'}`);
  }
  exclude(): Promise<void> {
    return Promise.resolve();
  }
  async inviteDevice(): Promise<LinkInvitation> {
    const words = 'one-two-three-four-five-six-seven-eight';
    return { words, code: `link=abc/${words}`, untilMs: Date.now() + 600_000 };
  }
  useInvitation(code: string): Promise<void> {
    return this.#do(`link:${code}`);
  }
  revoke(): Promise<void> {
    return Promise.resolve();
  }
  quit(): Promise<void> {
    return this.#do('quit');
  }
  #do(call: string): Promise<void> {
    this.#world.calls.push(call);
    return this.doing();
  }
}

export class FakeTalkHistory implements TalkHistory {
  visited: PoolRecord[] = [];
  pools(): Promise<PoolRecord[]> {
    return Promise.resolve(this.visited);
  }
  search(): Promise<FoundView[]> {
    return Promise.resolve([]);
  }
  saved(): Promise<FoundView[]> {
    return Promise.resolve([]);
  }
  async *export(): AsyncIterable<string> {}
  forget(): Promise<void> {
    return Promise.resolve();
  }
}
