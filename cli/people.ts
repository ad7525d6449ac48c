// Who is known in a pool: devices put together as the people they belong to, and which of them somebody means who types a name.
import type { PeerView } from '../src/client.ts';
import { peopleOf as groupedBy, type PersonWith } from '../src/talk/people.ts';
import type { MemberView, RoomView } from '../src/talk/views.ts';
import type { AccountId, DeviceId } from '../src/wire/entry.ts';
import type { Numbers } from './numbers.ts';
import { safeLine } from './safe-text.ts';

/** What is known where a message is read: in a pool, or of one on disk. */
export interface Known {
  readonly self: { readonly device: DeviceId; readonly account: AccountId };
  readonly rooms: readonly RoomView[];
  readonly members: readonly MemberView[];
}

/** With those of their devices that have not left for good. */
export type Person = PersonWith<MemberView>;

/** Letters of a name that was typed, at most, with quotation marks: names have 64. */
const TYPED_NAME_MAX = 160;

/** This person first, then those who are here, then who is away, last met first. */
export function peopleOf({ self, members }: Known, peers: readonly PeerView[]): readonly Person[] {
  const present = new Set([self.device, ...peers.map(({ id }) => id)]);
  const staying = members.filter(({ out }) => !out);
  return groupedBy(
    staying.map((member) => ({ ...member, here: present.has(member.device) })),
    self.account,
  );
}

/** A person as the others read it: `you`, or the name of the device met last. */
export function nameOfAccount({ self, members }: Known, account: AccountId): string {
  if (account === self.account || account === self.device) return 'you';
  const devices = members.filter((member) => member.account === account || member.device === account);
  const last = devices.toSorted((a, b) => b.metMs - a.metMs)[0];
  return safeLine(last?.name ?? '') || 'somebody';
}

export type Meant =
  | { readonly kind: 'people'; readonly people: readonly Person[]; readonly rest: string }
  | { readonly kind: 'unclear'; readonly message: string };

/**
 * The people whom `text` begins with, and what follows: `Mara hello`, `"Mara Lee", Jo hello`, `#3 hello`. A name that is
 * several people's, or that may end in two places, is unclear. `numbers`: of accounts, as /people shows them.
 */
export function peopleAt(text: string, people: readonly Person[], numbers: Numbers): Meant {
  const found: Person[] = [];
  for (let rest = text.trimStart(); ;) {
    const one = personAt(rest, people, numbers);
    if (one.kind === 'unclear') return one;
    found.push(one.person);
    rest = rest.slice(one.length);
    const comma = /^\s*,\s*/u.exec(rest)?.[0];
    if (comma === undefined) return { kind: 'people', people: [...new Set(found)], rest: rest.trim() };
    rest = rest.slice(comma.length);
  }
}

type One =
  | { readonly kind: 'person'; readonly person: Person; readonly length: number }
  | { readonly kind: 'unclear'; readonly message: string };

function personAt(text: string, people: readonly Person[], numbers: Numbers): One {
  const number = /^#(\d+)(?=[\s,]|$)/u.exec(text);
  if (number !== null) {
    const account = numbers.idOf(number[1] ?? '');
    const person = people.find((each) => each.account === account);
    const message = `There is nobody with the number ${number[0]}. /people lists everyone.`;
    return person === undefined ? unclear(message) : { kind: 'person', person, length: number[0].length };
  }
  const matches = candidates(text).flatMap(({ name, length }) => {
    const called = people.filter(({ devices }) => devices.some((device) => isCalled(device, name)));
    return called.length === 0 ? [] : [{ name, length, called }];
  });
  const [first, second] = matches;
  if (first === undefined) {
    const word = /^"[^"]*"?|^[^\s,]*/u.exec(text)?.[0] ?? '';
    return unclear(`Nobody is called “${safeLine(word.replaceAll('"', ''))}”. /people lists everyone.`);
  }
  if (second !== undefined) {
    const [one, other] = [safeLine(first.name), safeLine(second.name)];
    return unclear(`That may be “${one}” or “${other}”. Put the name in quotation marks: "${one}".`);
  }
  const [person] = first.called;
  if (person === undefined || first.called.length > 1) {
    const which = first.called.map((each) => `#${numbers.numberOf(each.account)} (${each.here ? 'here' : 'away'})`);
    const who = `${first.called.length} people are called “${safeLine(first.name)}”`;
    return unclear(`${who}: ${which.join(', ')}. Write the number instead of the name. /people tells more.`);
  }
  return { kind: 'person', person, length: first.length };
}

/** Every way in which `text` may begin with a name. */
function candidates(text: string): { readonly name: string; readonly length: number }[] {
  const quoted = /^"([^"]*)"/u.exec(text);
  if (quoted !== null) return [{ name: quoted[1] ?? '', length: quoted[0].length }];
  const most = text.slice(0, TYPED_NAME_MAX);
  const ends = [...most.matchAll(/[\s,]|$/gu)].map(({ index }) => index);
  const names = ends.filter((end) => end > 0 && !/[\s,]/u.test(most.charAt(end - 1)));
  return names.map((end) => ({ name: most.slice(0, end), length: end }));
}

export const isCalled = (somebody: { readonly name: string }, name: string): boolean =>
  keyOf(somebody.name) === keyOf(name);

/** Names that look the same are the same: letters nobody sees, case and width do not tell two people apart. */
const keyOf = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/\s+/gu, ' ')
    .trim()
    .toLowerCase();

const unclear = (message: string): { readonly kind: 'unclear'; readonly message: string } => ({
  kind: 'unclear',
  message,
});
