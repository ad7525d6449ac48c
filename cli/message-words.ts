// One message of a conversation in words and as fields of json mode: who says it where, what it is, and what has changed about it.
import type { MessageView } from '../src/client.ts';
import type { SharedFiles } from '../src/wire/talk.ts';
import { fileWords, formatBytes, localTime } from './format.ts';
import { nameOfAccount, type Known } from './people.ts';
import { safeBlock, safeLine } from './safe-text.ts';
import type { Screen } from './screen.ts';

export interface Shown {
  /** What people call it, where they give commands. */
  readonly number?: number | undefined;
  /** With the time at which it was said: for what was not said just now. */
  readonly timed?: boolean;
  /** What people call the message that it answers. */
  readonly answers?: number | undefined;
  /** Said first: that it has just been changed, say. */
  readonly mark?: string;
}

/** `Mara: hello`, `  12  <whisper to you, Jo; important> Mara: hello`. Continuation lines are indented further than any number. */
export function messageLine(message: MessageView, known: Known, screen: Screen, shown: Shown = {}): string {
  const { number, timed = false, answers, mark } = shown;
  const label = number === undefined ? '' : `${String(number).padStart(4)}  `;
  const time = timed ? `${screen.paint(localTime(message.sentMs), 'quiet')}  ` : '';
  const marks = [...(mark === undefined ? [] : [mark]), ...marksOf(message, known, answers)];
  const tags = marks.length === 0 ? '' : `${screen.paint(`<${marks.join('; ')}>`, 'strong')} `;
  const who = screen.paint(`${authorOf(message, known)}:`, 'good');
  const reactions = reactionWords(message);
  const beside = reactions === '' ? '' : ` ${screen.paint(`(${reactions})`, 'quiet')}`;
  return `${label}${time}${tags}${who} ${bodyOf(message, screen, ' '.repeat(label.length + 2))}${beside}`;
}

/** No name holds the brackets in which this device says what a message is. */
export const plainName = (name: string): string => safeLine(name).replaceAll('<', '‹').replaceAll('>', '›');

/** `You`, `You (on Phone)`, `Mara`. */
export function authorOf({ from, own, name }: MessageView, { self }: Known): string {
  if (from === self.device) return 'You';
  const shown = plainName(name) || 'Somebody';
  return own ? `You (on ${shown})` : shown;
}

/** Where a message stands, and thus who reads it; undefined: in the pool's own room, for everyone. */
export function placeOf(
  { room: id, account }: Pick<MessageView, 'room' | 'account'>,
  known: Known,
): string | undefined {
  const room = known.rooms.find((each) => each.id === id);
  if (room === undefined) return 'elsewhere';
  if (room.kind === 'pool') return undefined;
  if (room.kind === 'zone') return `in ${plainName(room.name)}`;
  const readers = room.accounts.filter((each) => each !== account).map((each) => nameOfAccount(known, each));
  return `whisper to ${readers.length === 0 ? 'yourself' : readers.map(plainName).join(', ')}`;
}

function marksOf(message: MessageView, known: Known, answers: number | undefined): string[] {
  const { announcement, vote, callsMe, editedMs, replyTo, state } = message;
  const place = placeOf(message, known);
  if (state === 'retracted') return place === undefined ? [] : [place];
  return [
    ...(place === undefined ? [] : [place]),
    ...(announcement ? ['announcement'] : []),
    ...(vote === undefined ? [] : [vote.by.length === 0 ? 'important' : `important, ${voteWords(vote)}`]),
    ...(callsMe ? ['calls you'] : []),
    ...(replyTo === undefined ? [] : [answers === undefined ? 'an answer' : `answers ${answers}`]),
    ...(editedMs === undefined ? [] : ['changed']),
  ];
}

/** `confirmed by 2 of 3`, or `2 of 3 confirm it` as long as that is not more than half. */
export const voteWords = ({ by, of, confirmed }: NonNullable<MessageView['vote']>): string =>
  confirmed ? `confirmed by ${by.length} of ${of}` : `${by.length} of ${of} confirm it`;

const reactionWords = ({ reactions, state }: MessageView): string =>
  state === 'here' ? reactions.map(({ emoji, accounts }) => `${safeLine(emoji)} ${accounts.length}`).join(', ') : '';

function bodyOf({ state, text, files }: MessageView, screen: Screen, indent: string): string {
  switch (state) {
    case 'here':
      return files === undefined ? safeBlock(text, indent) : screen.paint(`shared ${sharedWords(files)}`, 'strong');
    case 'sealed':
      return screen.paint('(sealed: this device has no key for it, or not yet)', 'quiet');
    case 'retracted':
      return screen.paint('(taken back)', 'quiet');
  }
}

/** `a.txt (4 B)`, `3 files (12 MB)`. */
function sharedWords({ files, count, bytes }: SharedFiles): string {
  const [only] = files;
  if (only === undefined || count > 1) return `${count} files (${formatBytes(bytes)})`;
  const { entries } = only;
  return fileWords(entries === undefined ? only : { ...only, folder: { entries, contentBytes: only.bytes } });
}

/** A message as json mode shows it. `from` is the name; `peer` the device. */
export function messageFields(message: MessageView, known: Known): object {
  const { id, room, from, account, name, own, state, text, files, sentMs, editedMs, replyTo } = message;
  const { reactions, callsMe, announcement, vote, retractedBy } = message;
  const place = known.rooms.find((each) => each.id === room);
  const where = { room, roomKind: place?.kind, roomName: place?.name, roomAccounts: place?.accounts };
  const what = { state, text, files, sentMs, editedMs, replyTo, reactions, callsMe, announcement, vote, retractedBy };
  return { id, ...where, from: name, peer: from, account, own, ...what };
}

export type Change =
  | { readonly kind: 'readable' }
  | { readonly kind: 'edited' }
  | { readonly kind: 'taken-back' }
  | { readonly kind: 'reacted'; readonly account: string; readonly emoji: string; readonly on: boolean }
  | { readonly kind: 'voted'; readonly account: string }
  | { readonly kind: 'confirmed' }
  /** The devices that have been told of a retract since. */
  | { readonly kind: 'removed'; readonly devices: readonly string[] };

/** What is new about a message. */
export function changesOf(before: MessageView, after: MessageView): Change[] {
  if (after.state === 'retracted') {
    // Who took it back wants to know that; to the others it is no news.
    const devices = after.retractedBy.filter((device) => after.own && !before.retractedBy.includes(device));
    const removed: Change[] = devices.length === 0 ? [] : [{ kind: 'removed', devices }];
    return before.state === 'retracted' ? removed : [{ kind: 'taken-back' }, ...removed];
  }
  if (before.state !== 'here') return after.state === 'here' ? [{ kind: 'readable' }] : [];
  const pairs = ({ reactions }: MessageView): { readonly emoji: string; readonly account: string }[] =>
    reactions.flatMap(({ emoji, accounts }) => accounts.map((account) => ({ emoji, account })));
  const beyond = (one: MessageView, other: MessageView): ReturnType<typeof pairs> => {
    const there = new Set(pairs(other).map(({ emoji, account }) => `${account} ${emoji}`));
    return pairs(one).filter(({ emoji, account }) => !there.has(`${account} ${emoji}`));
  };
  const votes = (after.vote?.by ?? []).filter((account) => before.vote?.by.includes(account) !== true);
  return [
    ...(after.text === before.text ? [] : [{ kind: 'edited' } as const]),
    ...beyond(after, before).map((each) => ({ kind: 'reacted', ...each, on: true }) as const),
    ...beyond(before, after).map((each) => ({ kind: 'reacted', ...each, on: false }) as const),
    ...votes.map((account) => ({ kind: 'voted', account }) as const),
    ...(after.vote?.confirmed === true && before.vote?.confirmed !== true ? [{ kind: 'confirmed' } as const] : []),
  ];
}

/** `line`: a sentence about it. `anew`: the message is to be shown again, with that mark. */
export type Told = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'anew'; readonly mark: string };

/** The same in words; `number` is what people call the message. */
export function changeWords(change: Change, message: MessageView, known: Known, number?: number): Told {
  const subject = number === undefined ? `a message of ${plainName(message.name)}` : String(number);
  const line = (text: string): Told => ({ kind: 'line', text });
  const says = (account: string, you: string, they: string): string => {
    const name = nameOfAccount(known, account);
    return name === 'you' ? `You ${you}` : `${plainName(name)} ${they}`;
  };
  switch (change.kind) {
    case 'readable':
      return { kind: 'anew', mark: 'can be read now' };
    case 'edited':
      return { kind: 'anew', mark: 'has just been changed' };
    case 'taken-back':
      return line(`${authorOf(message, known)} took ${subject} back.`);
    case 'reacted': {
      const emoji = safeLine(change.emoji);
      return line(
        change.on
          ? `${says(change.account, 'give', 'gives')} ${subject} ${emoji}.`
          : `${says(change.account, 'take', 'takes')} ${emoji} back from ${subject}.`,
      );
    }
    case 'voted': {
      const sum = message.vote === undefined ? '' : `: ${voteWords(message.vote)}`;
      return line(`${says(change.account, 'confirm', 'confirms')} ${subject}${sum}.`);
    }
    case 'confirmed':
      return line(`${subject} is confirmed: more than half agree.`);
    case 'removed': {
      const names = change.devices.map((device) => known.members.find((each) => each.device === device)?.name ?? '');
      return line(`${subject} is removed at ${names.map((name) => plainName(name) || 'somebody').join(', ')}.`);
    }
  }
}
