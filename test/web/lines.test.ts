// The rows of a conversation: messages, offers, notes and gaps in one order, and what stands before each.
import { describe, expect, test } from '@jest/globals';
import { signal } from '@preact/signals';
import type { OfferView } from '../../src/client.ts';
import { HLC_PER_MS } from '../../src/wire/entry.ts';
import type { GapView, MessageView } from '../../src/talk/views.ts';
import { deliveryOf } from '../../web/delivery.ts';
import { rowsOf, type Row, type Shown } from '../../web/lines.ts';
import type { Entry, OfferState, TransferState } from '../../web/state.ts';
import { message, poolRoom } from './support.ts';

const said = (ms: number, more: Partial<MessageView> = {}): MessageView => ({
  ...message,
  id: `aa/cc/${ms}`,
  created: ms * HLC_PER_MS,
  sentMs: ms,
  ...more,
});
const note = (ms: number): Entry => ({ kind: 'note', key: `note-${ms}`, atMs: ms, place: ms * HLC_PER_MS, text: '' });
const gap = (ms: number): GapView => ({
  author: 'aa',
  name: 'Mara',
  room: poolRoom.id,
  count: 3,
  before: ms * HLC_PER_MS,
});

const nothing: Shown = {
  window: { messages: [], atStart: true, atEnd: true },
  gaps: [],
  entries: [],
  offers: new Map(),
  unreadAfter: undefined,
};
const rows = (shown: Partial<Shown>): readonly Row[] => rowsOf({ ...nothing, ...shown });
const order = (shown: Partial<Shown>): string[] => rows(shown).map(({ line }) => `${line.kind} ${line.atMs}`);

describe('rows', () => {
  const messages = [said(10), said(20), said(30)];

  test('stand at their time, a gap right before what follows it', () => {
    const window = { messages, atStart: true, atEnd: true };
    expect(order({ window, entries: [note(5), note(20), note(40)], gaps: [gap(20)] })).toEqual([
      'note 5',
      'message 10',
      'gap 20',
      'message 20',
      'note 20',
      'message 30',
      'note 40',
    ]);
  });

  test('beyond the messages in memory wait until those are there', () => {
    const window = { messages, atStart: false, atEnd: false };
    expect(order({ window, entries: [note(5), note(20), note(40)], gaps: [gap(2)] })).toEqual([
      'message 10',
      'message 20',
      'note 20',
      'message 30',
    ]);
  });

  test('of one device soon after one another share a heading, not across a line of others', () => {
    const far = said(1_000_000);
    const window = { messages: [...messages, said(40, { from: 'bb' }), far], atStart: true, atEnd: true };
    const follows = rows({ window, entries: [note(25)] }).map((row) => row.follows);
    expect(follows).toEqual([false, true, false, false, false, false]);
  });

  test('of messages that are sealed are one for those in a row', () => {
    const sealed = (ms: number): MessageView => said(ms, { state: 'sealed', text: '' });
    const window = { messages: [sealed(10), sealed(20), said(30), sealed(40)], atStart: true, atEnd: true };
    const counts = rows({ window }).map(({ line }) => (line.kind === 'sealed' ? line.count : line.kind));
    expect(counts).toEqual([2, 'message', 1]);
  });

  test('begin with their day, and again with each new one', () => {
    const day = 86_400_000;
    const window = { messages: [said(day * 3.5), said(day * 3.5 + 1), said(day * 5)], atStart: true, atEnd: true };
    expect(rows({ window }).map(({ newDay }) => newDay)).toEqual([true, false, true]);
  });

  test('have one unread line, before the first of others that is new', () => {
    const window = { messages: [said(10), said(20, { own: true }), said(30), said(40)], atStart: true, atEnd: true };
    expect(rows({ window, unreadAfter: 10 * HLC_PER_MS }).map(({ unread }) => unread)).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });
});

describe('an offer', () => {
  const files = { files: [{ name: 'a.txt', bytes: 4 }], count: 1, bytes: 4 };
  const told = said(20, { files });
  const offerOf = (
    change: Partial<OfferView> = {},
    transfers: OfferState['transfers'] = signal<readonly TransferState[]>([]),
  ): OfferState => {
    const view = { id: 'o', from: 'aa', name: '', own: false, atMs: 0, files: [], private: false } as const;
    return { id: 'o', view: signal({ ...view, state: 'open', entry: told.id, ...change }), transfers };
  };
  const card = (offer: OfferState, ms: number): Entry => {
    return { kind: 'offer', key: `offer-${ms}`, atMs: ms, place: ms * HLC_PER_MS, offer };
  };
  const shown = (messages: readonly MessageView[], offer: OfferState, atStart = true): readonly string[] => {
    const offers = new Map([[told.id, offer]]);
    const all = rows({ window: { messages, atStart, atEnd: true }, entries: [card(offer, 25)], offers });
    return all.map(({ line }) => {
      if (line.kind !== 'message') return `${line.kind} ${line.atMs}`;
      return `${line.kind} ${line.atMs}${line.offer === offer ? ' with its card' : ''}`;
    });
  };

  test('stands once, where the message tells of it, whichever came first', () => {
    expect(shown([said(10), told, said(30)], offerOf())).toEqual([
      'message 10',
      'message 20 with its card',
      'message 30',
    ]);
    expect(shown([said(10), said(30)], offerOf())).toEqual(['message 10', 'offer 25', 'message 30']);
  });

  test('is shown also to whom the message is sealed', () => {
    const sealed = said(20, { state: 'sealed', text: '' });
    expect(shown([said(10), sealed], offerOf())).toEqual(['message 10', 'message 20 with its card']);
  });

  test('that is over and of which nothing came leaves the message alone', () => {
    expect(shown([told], offerOf({ state: 'withdrawn' }))).toEqual(['message 20']);
    expect(shown([said(20, { state: 'retracted', text: '' })], offerOf({ state: 'withdrawn' }))).toEqual([
      'message 20',
    ]);
    const came = signal([{ key: 't', id: 't' } as unknown as TransferState]);
    expect(shown([told], offerOf({ state: 'withdrawn' }, came))).toEqual(['message 20 with its card']);
  });

  test('that is made anew takes the place of the one before, unless something of that came', () => {
    const [before, anew] = [offerOf({ state: 'withdrawn' }), offerOf()];
    const kinds = (): string[] => {
      const window = { messages: [told], atStart: true, atEnd: true };
      const entries = [card(before, 25), card(anew, 26)];
      return rows({ window, entries, offers: new Map([[told.id, anew]]) }).map(({ line }) => line.kind);
    };
    expect(kinds()).toEqual(['message']);
    before.transfers.value = [{ key: 't', id: 't' } as unknown as TransferState];
    expect(kinds()).toEqual(['message', 'offer']);
  });

  test('never takes the place of what somebody said', () => {
    expect(shown([said(20)], offerOf())).toEqual(['message 20', 'offer 25']);
  });
});

describe('how far an own message has come', () => {
  const receipt = { device: 'a1', room: poolRoom.id, deliveredTo: 5, readTo: 0 };
  const personOf = (device: string): string => device.slice(0, 1);

  test('counts people, each once, and oneself not at all', () => {
    const receipts = [
      receipt,
      { ...receipt, device: 'a2', readTo: 5 },
      { ...receipt, device: 'b1' },
      { ...receipt, device: 'c1', deliveredTo: 4 },
      { ...receipt, device: 'm2' },
    ];
    expect(deliveryOf({ created: 5 }, receipts, personOf, 'm')).toEqual({ read: ['a'], delivered: ['b'] });
  });
});
