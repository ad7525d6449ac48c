// The conversations of the pool this tab is in, wired to the session: what is known of them and which is open. Part of what is
// loaded lazily; outside of a pool nothing happens.
import { signal, type ReadonlySignal } from '@preact/signals';
import type { TalkFace } from '../src/io/talk-face.ts';
import type { RoomView } from '../src/talk/views.ts';
import type { AccountId, EntryId, RoomId } from '../src/wire/entry.ts';
import type { Session } from './session.ts';
import { talkSentence } from './sentences.ts';
import { TalkPages } from './talk-pages.ts';
import { TalkStore } from './talk-state.ts';
import { trouble } from './trouble.ts';

export const talk: TalkStore = new TalkStore();

let face: TalkFace | undefined;
const entered = signal('');

export const pages: TalkPages = new TalkPages(talk, () => face);

/** The talk of the pool this tab is in; undefined outside of one. */
export const currentTalk = (): TalkFace | undefined => face;

/** The code of that pool: `talk` is about this one. */
export const talkPool: ReadonlySignal<string> = entered;

// However long ago it was announced, it is in sight as soon as its room is.
talk.room.subscribe((room) => {
  if (room !== '') void told(face?.announcements(room).then((announced) => talk.takeAnnouncements(announced)));
});

/** Stands by `session` until it is closed. */
export function keepTalk(session: Session): Session {
  const { client } = session;
  let here = false;
  client.subscribe((event) => {
    switch (event.kind) {
      case 'joined':
        face = client.talk;
        talk.role.value = event.role;
        // Joined again after the server came back: the conversation goes on.
        if (here && entered.peek() === event.pool && talk.self.peek().device === event.self) return;
        here = true;
        talk.enter(face.self, face.rooms, face.members);
        entered.value = event.pool;
        void told(pages.toEnd());
        return;
      case 'left':
        face = undefined;
        entered.value = '';
        talk.reset();
        return;
      case 'message':
      case 'room':
      case 'member':
      case 'typing':
      case 'receipt':
      case 'gaps':
      case 'older':
      case 'more':
      case 'account':
        talk.apply(event, Date.now());
        return;
      default:
        return; // state.ts
    }
  });
  return session;
}

/** Opens a room of this pool. */
export function openRoom(room: RoomId): void {
  if (room !== talk.room.peek()) void told(pages.open(room));
}

/** Opens the whisper with these people; nothing is sent yet. */
export function openWhisper(accounts: readonly AccountId[]): void {
  void told(beginWhisper(accounts));
}

async function beginWhisper(accounts: readonly AccountId[]): Promise<void> {
  const asked = face;
  const id = await asked?.whisper(accounts);
  // It may have left meanwhile.
  if (id === undefined || face !== asked) return;
  const known = talk.rooms.peek().some((room) => room.id === id);
  if (!known) talk.apply({ kind: 'room', room: newWhisper(id, accounts) }, Date.now());
  openRoom(id);
}

/** Opens the room of a message, at that message. */
export function showMessage(id: EntryId): void {
  void told(pages.show(id));
}

/** Waits for `work`; what it rejects with becomes the line above the composer. Resolves to whether it went well. */
export async function told(work: Promise<unknown> | undefined): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    trouble.value = talkSentence(error);
    return false;
  }
}

/** Until something is said in it nobody else has it, and no event tells of it. */
function newWhisper(id: RoomId, accounts: readonly AccountId[]): RoomView {
  const { account } = talk.self.peek();
  const others = accounts.filter((each) => each !== account);
  const name = others.map((each) => talk.nameOf(each)).join(', ');
  const all = [account, ...others];
  return { id, kind: 'whisper', name, accounts: all, open: true, founder: false, readTo: 0, unread: 0, lastCreated: 0 };
}
