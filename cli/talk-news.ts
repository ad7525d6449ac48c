// News of a conversation that are no messages: rooms, people and their devices, what may be missing, what is older, and what was not
// taken. Each is told once.
import type { GapView, MemberView, PoolEvent, RoomView } from '../src/client.ts';
import type { ProblemCode } from '../src/talk/records.ts';
import type { RoomId } from '../src/wire/entry.ts';
import { plainName } from './message-words.ts';
import type { Screen } from './screen.ts';

export class TalkNews {
  /** What was told last of each; the pool bounds how many there are. */
  readonly #open = new Map<RoomId, boolean>();
  readonly #own = new Map<string, boolean>();
  readonly #doubles = new Set<string>();
  #gaps: ReadonlyMap<string, GapView> = new Map();
  #older = 0;
  /** Until then what comes is what was known all along. */
  #begun = false;

  begin(): void {
    this.#begun = true;
  }

  /** `roomNumber`: what people call a room, where they give commands. */
  take(event: PoolEvent, screen: Screen, roomNumber: ((room: RoomId) => number) | undefined): void {
    switch (event.kind) {
      case 'room':
        return this.#tellRoom(event.room, screen, roomNumber);
      case 'member':
        return this.#tellMember(event.member, screen);
      case 'gaps':
        return this.#tellGaps(event.gaps, screen);
      case 'older':
        return this.#tellOlder(event.entries, screen, roomNumber !== undefined);
      case 'account':
        screen.event('account', { account: event.account });
        return;
      case 'problem': {
        const { problem, from, name } = event;
        const { code, author, seq } = problem;
        screen.event('problem', { code, peer: from, name, author, seq });
        return screen.note(problemWords(code, plainName(name)), 'bad');
      }
      default:
        return; // Messages are conversation.ts', the rest is session.ts' and join.ts'.
    }
  }

  #tellRoom(room: RoomView, screen: Screen, roomNumber: ((room: RoomId) => number) | undefined): void {
    const { id, kind, name, accounts, open } = room;
    const before = this.#open.get(id);
    this.#open.set(id, open);
    if (before === open) return;
    screen.event('room', { number: roomNumber?.(id), room: id, kind, name, accounts, open });
    if (kind !== 'zone' || !this.#begun) return;
    const goes = roomNumber === undefined ? '' : ` /room ${roomNumber(id)} goes there.`;
    if (open) screen.note(`You are in the room <${plainName(name)}>.${goes}`);
    else if (before === true) screen.note(`You are not in the room <${plainName(name)}> any more.`);
  }

  #tellMember(member: MemberView, screen: Screen): void {
    const { device, name, kind, account, own, role, verified, out, doubleOf } = member;
    screen.event('member', { peer: device, name, device: kind, account, own, role, verified, out, doubleOf });
    if (doubleOf !== undefined && !this.#doubles.has(device)) {
      this.#doubles.add(device);
      const words = 'is another device than the one that was called so before. /people tells more, /verify makes sure.';
      if (this.#begun) screen.note(`${plainName(name)} ${words}`, 'bad');
    }
    const before = this.#own.get(device) ?? false;
    this.#own.set(device, own);
    if (own && !before && this.#begun) screen.note(`${plainName(name)} is a device of yours from now on.`, 'good');
  }

  #tellGaps(gaps: readonly GapView[], screen: Screen): void {
    const now = new Map(gaps.map((gap) => [`${gap.author} ${gap.room} ${gap.before}`, gap]));
    const fields = gaps.map(({ author, name, room, count }) => ({ peer: author, name, room, count }));
    screen.event('gaps', { gaps: fields });
    for (const [key, { name, count }] of now) {
      if (count <= (this.#gaps.get(key)?.count ?? 0)) continue;
      const what = count === 1 ? '1 message' : `${count} messages`;
      screen.note(`${what} from ${plainName(name) || 'somebody'} may be missing: nobody here has more.`, 'bad');
    }
    const came = [...this.#gaps].filter(([key]) => !now.has(key)).map(([, { name }]) => plainName(name) || 'somebody');
    for (const name of new Set(came)) screen.note(`What was missing from ${name} has come.`);
    this.#gaps = now;
  }

  #tellOlder(entries: number, screen: Screen, commands: boolean): void {
    screen.event('older', { entries });
    if (entries > 0 && this.#older === 0 && commands)
      screen.note('Devices here have older messages: /more fetches some.');
    this.#older = entries;
  }
}

/** Why something that `name` brought was not taken. */
function problemWords(code: ProblemCode, name: string): string {
  switch (code) {
    case 'store-failed':
      return 'This device could not store what came: is its disk full?';
    case 'fork':
      return `${name} brought two different histories of one device: nothing more is taken of it.`;
    case 'future':
      return `${name} brought a message from the future: it is not taken. One of the clocks is wrong.`;
    case 'crowded':
      return `${name} brought messages of too many devices: the rest is not taken.`;
    case 'forged':
      return `${name} brought a message that its author did not sign: it is not taken.`;
    case 'malformed':
    case 'broken':
    case 'astray':
      return `${name} brought something that does not belong here: it is not taken.`;
  }
}
