// What stands in the conversation, from top to bottom: messages of the open room, markers of gaps among them, offers and notes
// at their time. Pure.
import { HLC_PER_MS, type Hlc } from '../src/wire/entry.ts';
import type { GapView, MessageView } from '../src/talk/views.ts';
import { dayAround } from './format.ts';
import type { EntryId } from '../src/wire/entry.ts';
import type { Entry, OfferState } from './state.ts';
import type { Window } from './talk-window.ts';

export type Line =
  | {
      readonly kind: 'message';
      readonly key: string;
      readonly atMs: number;
      readonly message: MessageView;
      /** What the message tells of, as long as there is something to show of it. */
      readonly offer: OfferState | undefined;
    }
  /** So many in a row that this device cannot read. */
  | { readonly kind: 'sealed'; readonly key: string; readonly atMs: number; readonly count: number }
  | { readonly kind: 'gap'; readonly key: string; readonly atMs: number; readonly gap: GapView }
  | Entry;

export interface Row {
  readonly line: Line;
  /** A new day begins with it. */
  readonly newDay: boolean;
  /** What is unread begins with it. */
  readonly unread: boolean;
  /** Goes on with what the one before said: no heading again. */
  readonly follows: boolean;
}

/** Messages of one device within this time share one heading, milliseconds. */
const GROUP_MS = 300_000;
/** Sealed messages that share one row; more would leave too few rows to scroll through what is in memory. */
const SEALED_MAX = 50;

export interface Shown {
  readonly window: Window;
  /** Gaps of this room. */
  readonly gaps: readonly GapView[];
  /** Offers and notes that stand in this room: ascending. */
  readonly entries: readonly Entry[];
  /** By the messages that tell of them, in whatever room: an offer stands where its message does. */
  readonly offers: ReadonlyMap<EntryId, OfferState>;
  /** TalkStore.unreadAfter. */
  readonly unreadAfter: Hlc | undefined;
}

export function rowsOf({ window, gaps, entries, offers, unreadAfter }: Shown): readonly Row[] {
  const told = new Map(window.messages.flatMap((message) => offerOf(message, offers)));
  const alone = entries.filter((entry) => entry.kind !== 'offer' || standsAlone(entry.offer, told));
  const lines = linesOf(window, gaps, alone, told);
  const firstUnread = unreadAfter === undefined ? -1 : lines.findIndex((line) => isUnread(line, unreadAfter));
  let day = { fromMs: 0, untilMs: 0 };
  return lines.map((line, at) => {
    const before = lines[at - 1];
    const newDay = line.atMs < day.fromMs || line.atMs >= day.untilMs;
    if (newDay) day = dayAround(line.atMs);
    const unread = at === firstUnread;
    return { line, newDay, unread, follows: !newDay && !unread && continues(line, before) };
  });
}

/** Any message may be named by an offer: only those that tell of one, or of which nobody here can say, count. */
function offerOf({ id, state, files }: MessageView, offers: Shown['offers']): [EntryId, OfferState][] {
  const offer = offers.get(id);
  return offer === undefined || (state === 'here' && files === undefined) ? [] : [[id, offer]];
}

/** Also one of an earlier time, of which something came: what its message tells of is offered anew. */
function standsAlone(offer: OfferState, told: Shown['offers']): boolean {
  const now = told.get(offer.view.peek().entry ?? '');
  return now === undefined || (now !== offer && !isOver(offer));
}

/** Nothing of it was received and nothing can be: the message says all there is to say. */
const isOver = ({ view, transfers }: OfferState): boolean =>
  view.value.state === 'withdrawn' && transfers.value.length === 0;

function linesOf(
  { messages, atStart, atEnd }: Window,
  gaps: readonly GapView[],
  entries: readonly Entry[],
  told: Shown['offers'],
): Line[] {
  const [first, last] = [messages[0], messages.at(-1)];
  const within = (at: Hlc): boolean =>
    (atStart || first === undefined || at >= first.created) && (atEnd || last === undefined || at <= last.created);
  const between: [Hlc, Line][] = [
    ...gaps.filter(({ before }) => within(before)).map((gap): [Hlc, Line] => [gap.before - 0.5, gapLine(gap)]),
    ...entries.filter(({ place }) => within(place)).map((entry): [Hlc, Line] => [entry.place, entry]),
  ].sort(([one], [other]) => one - other);
  const lines: Line[] = [];
  let at = 0;
  for (const message of messages) {
    for (let next = between[at]; next !== undefined && next[0] < message.created; next = between[at]) {
      lines.push(next[1]);
      at += 1;
    }
    const known = told.get(message.id);
    const offer = known === undefined || isOver(known) ? undefined : known;
    if (message.state === 'sealed' && offer === undefined) addSealed(lines, message);
    else lines.push({ kind: 'message', key: message.id, atMs: message.sentMs, message, offer });
  }
  return [...lines, ...between.slice(at).map(([, line]) => line)];
}

function addSealed(lines: Line[], { id, sentMs }: MessageView): void {
  const last = lines.at(-1);
  const joins = last?.kind === 'sealed' && last.count < SEALED_MAX;
  const count = joins ? last.count + 1 : 1;
  // Named after its newest: older ones may still come above.
  const line: Line = { kind: 'sealed', key: `sealed-${id}`, atMs: joins ? last.atMs : sentMs, count };
  if (joins) lines[lines.length - 1] = line;
  else lines.push(line);
}

function gapLine(gap: GapView): Line {
  return { kind: 'gap', key: `gap-${gap.author}-${gap.before}`, atMs: Math.floor(gap.before / HLC_PER_MS), gap };
}

const isUnread = (line: Line, after: Hlc): boolean =>
  line.kind === 'message' && !line.message.own && line.message.created > after;

function continues(line: Line, before: Line | undefined): boolean {
  return (
    line.kind === 'message' &&
    before?.kind === 'message' &&
    line.offer === undefined &&
    before.offer === undefined &&
    before.message.from === line.message.from &&
    line.atMs - before.atMs < GROUP_MS
  );
}
