// The rows of a conversation: messages, offers, notes and gaps in one order, and what stands before each.
import { describe, expect, test } from '@jest/globals';
import { HLC_PER_MS } from '../../src/wire/entry.ts';
import type { GapView, MessageView } from '../../src/talk/views.ts';
import { deliveryOf } from '../../web/delivery.ts';
import { rowsOf, type Row, type Shown } from '../../web/lines.ts';
import type { Entry } from '../../web/state.ts';
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
