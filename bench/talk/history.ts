// A long conversation as a store keeps it: several people, short and long messages, Markdown, answers and reactions. The same
// for the same device and length. Runs in pages and on Node.
import { emptyRoom, unknownMember } from '../../src/talk/projection.ts';
import type { MemberRecord, MessageRecord, RoomRecord } from '../../src/talk/records.ts';
import type { DeviceKeys } from '../../src/keys/identity.ts';
import { Random } from '../../src/sim/random.ts';
import { toHex } from '../../src/wire/bytes.ts';
import { entryId, HLC_PER_MS, ID_BYTES, KEY_BYTES, type RoomId } from '../../src/wire/entry.ts';

export interface LongHistory {
  readonly messages: readonly MessageRecord[];
  readonly members: readonly MemberRecord[];
  readonly room: RoomRecord;
}

/** Between two messages, ms: most answer each other, some begin anew. */
const GAP_MS: readonly [least: number, most: number] = [2000, 120_000];
const OTHERS = ['Mara', 'Jo', 'Kim', 'Lin', 'Noor'];
const WORDS = 'the water is calm today and we swim out to the boat before noon with bread cheese and a rope'.split(' ');
const MARKED = ['**really**', '`let fish = 1;`', '_maybe_', 'https://example.org/path'];

/** All of it was read. Each text begins with its number, from 1, as `#17`. */
export function history(
  { id, signKey, agreeKey }: Pick<DeviceKeys, 'id' | 'signKey' | 'agreeKey'>,
  room: RoomId,
  count: number,
  nowMs: number,
): LongHistory {
  const random = new Random(1);
  const gaps = Array.from({ length: count }, () => random.between(...GAP_MS));
  let atMs = nowMs - gaps.reduce((sum, gap) => sum + gap, 0);
  const self: MemberRecord = { ...unknownMember(id, signKey), agreeKey, name: 'Me', kind: 'browser', metMs: nowMs };
  const others = OTHERS.map((name): MemberRecord => {
    const device = toHex(random.bytes(ID_BYTES));
    return { ...unknownMember(device, random.bytes(KEY_BYTES)), name, kind: 'browser', metMs: nowMs };
  });
  const members = [self, ...others];
  const seqs = new Map<string, number>();
  const messages: MessageRecord[] = [];
  for (const [index, gap] of gaps.entries()) {
    atMs += gap;
    const author = members[Math.floor(random.between(0, members.length))]?.device ?? id;
    const seq = (seqs.get(author) ?? 0) + 1;
    seqs.set(author, seq);
    const answered = random.between(0, 1) < 0.1 ? messages.at(-3) : undefined;
    const reacted = random.between(0, 1) < 0.1;
    messages.push({
      id: entryId(author, room, seq),
      author,
      room,
      created: Math.floor(atMs) * HLC_PER_MS,
      state: 'here',
      text: `#${index + 1} ${someText(random)}`,
      edited: undefined,
      replyTo: answered?.id,
      notify: [],
      important: false,
      announcement: false,
      reactions: reacted ? [{ emoji: '👍', device: others[0]?.device ?? id }] : [],
      votes: [],
      electorate: [],
      retractSeq: undefined,
      saved: false,
    });
  }
  const last = messages.at(-1)?.created ?? 0;
  return { messages, members, room: { ...emptyRoom(room, 'pool', []), readTo: last, lastCreated: last } };
}

/** One to sixty words; every tenth with Markdown in it. */
function someText(random: Random): string {
  const pick = (from: readonly string[]): string => from[Math.floor(random.between(0, from.length))] ?? '';
  const length = Math.ceil(60 ** random.between(0, 1));
  const words = Array.from({ length }, () => pick(WORDS));
  if (random.between(0, 1) < 0.1) words.push(pick(MARKED));
  if (random.between(0, 1) < 0.02) words.push('\n\n- bread\n- cheese\n\n```\nlet rope = 12;\nlet boat = rope;\n```');
  return words.join(' ');
}
