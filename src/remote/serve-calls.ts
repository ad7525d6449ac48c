// What the host does for each call: one table of what may be asked, with the shape of its arguments beside what it does. Shapes
// only: what is out of range the client itself refuses, with the error that it throws in a page.
import { z } from 'zod';
import type { ControlOptions } from '../control/options.ts';
import type { OfferOptions, PoolClientFace } from '../io/client-face.ts';
import type { SayOptions } from '../io/talk-face.ts';
import type { Before } from '../io/talk-store.ts';
import { OFFENCES, type Report } from '../keys/report.ts';
import type { ControlSetup } from '../pool/control.ts';
import type { ShareRates } from '../share/share.ts';
import type { Exports } from './exports.ts';
import type { Calls, Tells } from './calls.ts';
import type { HostFace, HostSettings } from './host-face.ts';

/** What a window has of its own on the host. */
export interface WindowWork {
  readonly exports: Exports;
  /** As `PoolClientFace.join`; into the pool the client is in, it is told of all that is there. */
  join(pool: string): Promise<void>;
  watchStats(on: boolean): void;
  openControl(setup: Parameters<Tells['control.open']>[0]): void;
  closeControl(stream: number): void;
  sampled: Tells['control.poll'];
  listen(on: boolean): void;
  sendDatagram: Tells['datagrams.send'];
  /** A room was opened of which no event tells. */
  roomsChanged(): void;
}

type Entry<Method extends (...args: never[]) => unknown> = {
  readonly args: z.ZodType<Parameters<Method>>;
  readonly run: (...args: Parameters<Method>) => ReturnType<Method>;
};
type Table<All extends Record<keyof All, (...args: never[]) => unknown>> = {
  readonly [Name in keyof All]: Entry<All[Name]>;
};

export type CallTable = Table<Calls>;
export type TellTable = Table<Tells>;

/** Any number: Infinity and NaN are for the client to judge. */
const number = z.custom<number>((value) => typeof value === 'number');
const text = z.string();
const flag = z.boolean();
const bytes = z.instanceof(Uint8Array);
const texts = z.array(text);

const none = z.tuple([]);
const one = z.tuple([text]);
const two = z.tuple([text, text]);
const marked = z.tuple([text, flag]);

/** An object of these properties and no others; the compiler sees one that is missing here. */
const whole = <Whole extends object>() => {
  return <Shape extends Record<keyof Whole, z.ZodType>>(shape: Shape): z.ZodObject<Shape, z.core.$strict> =>
    z.strictObject(shape);
};

const before = whole<Before>()({ created: number, id: text.exactOptional() });
const sayOptions = whole<SayOptions>()({
  room: text.exactOptional(),
  replyTo: text.exactOptional(),
  notify: z.union([z.literal('everyone'), texts]).exactOptional(),
  important: flag.exactOptional(),
  announcement: flag.exactOptional(),
});
const offerOptions = whole<OfferOptions>()({ to: texts.optional(), before: text.optional() });
const report = whole<Omit<Report, 'pool'>>()({ nonce: bytes, offence: z.enum(OFFENCES), evidence: bytes });
const rates = whole<ShareRates>()({ downBytesPerSecond: number.optional(), upBytesPerSecond: number.optional() });
const shown = whole<Parameters<HostFace['show']>[1]>()({
  passphrase: text.exactOptional(),
  invitation: text.exactOptional(),
});
const hostSettings = whole<HostSettings>()({
  into: text.exactOptional(),
  watched: z.record(text, text).exactOptional(),
  background: flag.exactOptional(),
});
const controlSetup = whole<ControlSetup>()({
  stream: number,
  hz: number,
  deadlineMs: number,
  options: whole<ControlOptions>()({
    clonesMax: number.exactOptional(),
    residualRatio: number.exactOptional(),
    marginMs: number.exactOptional(),
    payloadBytesMax: number.exactOptional(),
    refreshMs: number.exactOptional(),
    refreshes: number.exactOptional(),
    wideStamp: flag.exactOptional(),
  }).exactOptional(),
});
const format = z.enum(['json', 'markdown']);

export function callTable(client: PoolClientFace<string>, host: HostFace, window: WindowWork): CallTable {
  const { talk, talkHistory } = client;
  return {
    join: { args: one, run: (pool) => window.join(pool) },
    leave: { args: none, run: () => client.leave() },
    rename: { args: one, run: (name) => client.rename(name) },
    settled: { args: none, run: () => client.settled() },
    signReport: {
      args: z.tuple([report]),
      run: (signed) => client.signReport(signed),
    },
    offer: { args: z.tuple([texts, offerOptions.optional()]), run: (paths, options) => client.offer(paths, options) },
    withdraw: { args: one, run: (offer) => client.withdraw(offer) },

    'talk.say': { args: z.tuple([text, sayOptions.optional()]), run: (said, options) => talk.say(said, options) },
    'talk.edit': { args: two, run: (message, said) => talk.edit(message, said) },
    'talk.react': { args: z.tuple([text, text, flag]), run: (message, emoji, on) => talk.react(message, emoji, on) },
    'talk.retract': { args: one, run: (message) => talk.retract(message) },
    'talk.confirm': { args: one, run: (message) => talk.confirm(message) },
    'talk.evidence': { args: one, run: (entry) => talk.evidence(entry) },
    'talk.save': { args: marked, run: (message, on) => talk.save(message, on) },
    'talk.announcements': { args: one, run: (room) => talk.announcements(room) },
    'talk.note': { args: one, run: (message) => talk.note(message) },
    'talk.whisper': {
      args: z.tuple([texts]),
      run: async (accounts) => {
        const room = await talk.whisper(accounts);
        window.roomsChanged();
        return room;
      },
    },
    'talk.createZone': { args: z.tuple([text, texts]), run: (name, accounts) => talk.createZone(name, accounts) },
    'talk.changeZone': {
      args: z.tuple([text, text, texts]),
      run: (room, name, accounts) => talk.changeZone(room, name, accounts),
    },
    'talk.page': {
      args: z.tuple([text, number, before.optional()]),
      run: (room, limit, from) => talk.page(room, limit, from),
    },
    'talk.message': { args: one, run: (id) => talk.message(id) },
    'talk.more': { args: none, run: () => talk.more() },
    'talk.verify': { args: marked, run: (device, on) => talk.verify(device, on) },
    'talk.exclude': { args: marked, run: (device, on) => talk.exclude(device, on) },
    'talk.inviteDevice': { args: none, run: () => talk.inviteDevice() },
    'talk.useInvitation': { args: one, run: (code) => talk.useInvitation(code) },
    'talk.revoke': { args: one, run: (device) => talk.revoke(device) },
    'talk.quit': { args: none, run: () => talk.quit() },

    'history.pools': { args: none, run: () => talkHistory.pools() },
    'history.search': {
      args: z.tuple([text, number, text.optional(), number.optional()]),
      run: (query, limit, pool, from) => talkHistory.search(query, limit, pool, from),
    },
    'history.saved': {
      args: z.tuple([number, number.optional()]),
      run: (limit, from) => talkHistory.saved(limit, from),
    },
    'history.forget': { args: one, run: (pool) => talkHistory.forget(pool) },
    'export.open': { args: z.tuple([text, format]), run: async (pool, how) => window.exports.open(pool, how) },
    'export.next': { args: z.tuple([number]), run: (id) => window.exports.next(id) },
    'export.close': { args: z.tuple([number]), run: (id) => window.exports.close(id) },

    'host.about': { args: none, run: () => host.about() },
    'host.useServer': { args: one, run: (server) => host.useServer(server) },
    'host.show': {
      args: z.tuple([text, shown]),
      run: (pool, given) => host.show(pool, given),
    },
    'host.keep': { args: two, run: (key, given) => host.keep(key, given) },
    'host.settings': { args: none, run: () => host.settings() },
    'host.change': { args: z.tuple([hostSettings]), run: (settings) => host.change(settings) },
    'host.list': { args: marked, run: (folder, hidden) => host.list(folder, hidden) },
    'host.makeFolder': { args: two, run: (parent, name) => host.makeFolder(parent, name) },
    'host.look': { args: z.tuple([texts]), run: (paths) => host.look(paths) },
    'host.dropped': { args: none, run: () => host.dropped() },
    'host.reveal': { args: one, run: (path) => host.reveal(path) },
    'host.offers': { args: none, run: () => host.offers() },
    'host.history.list': {
      args: z.tuple([text, number, number.optional()]),
      run: (query, limit, beforeMs) => host.history.list(query, limit, beforeMs),
    },
    'host.history.remove': { args: z.tuple([texts]), run: (ids) => host.history.remove(ids) },
    'host.history.clear': { args: none, run: () => host.history.clear() },
  };
}

export function tellTable(client: PoolClientFace<string>, window: WindowWork): TellTable {
  return {
    accept: { args: z.tuple([text, z.array(number).optional()]), run: (offer, files) => client.accept(offer, files) },
    decline: { args: one, run: (offer) => client.decline(offer) },
    cancel: { args: one, run: (transfer) => client.cancel(transfer) },
    pause: { args: one, run: (transfer) => client.pause(transfer) },
    resume: { args: one, run: (transfer) => client.resume(transfer) },
    retry: { args: one, run: (transfer) => client.retry(transfer) },
    recheck: { args: one, run: (transfer) => client.recheck(transfer) },
    move: { args: z.tuple([text, number]), run: (transfer, place) => client.move(transfer, place) },
    limit: { args: z.tuple([rates]), run: (given) => client.limit(given) },
    'talk.typing': { args: one, run: (room) => client.talk.typing(room) },
    'talk.read': { args: z.tuple([text, number]), run: (room, created) => client.talk.read(room, created) },
    'stats.watch': { args: z.tuple([flag]), run: (on) => window.watchStats(on) },
    'control.open': { args: z.tuple([controlSetup]), run: (setup) => window.openControl(setup) },
    'control.close': { args: z.tuple([number]), run: (stream) => window.closeControl(stream) },
    'control.poll': {
      args: z.tuple([number, z.enum(['up', 'down']), bytes]),
      run: (stream, direction, sampled) => window.sampled(stream, direction, sampled),
    },
    'datagrams.listen': { args: z.tuple([flag]), run: (on) => window.listen(on) },
    'datagrams.send': {
      args: z.tuple([number, bytes, number, text.optional()]),
      run: (schema, sent, deadlineMs, to) => window.sendDatagram(schema, sent, deadlineMs, to),
    },
  };
}

/** The call of that name with these arguments, ready to be made; undefined if there is none, or it takes others. */
export function prepared<All extends Record<keyof All, (...args: never[]) => unknown>, Name extends keyof Table<All>>(
  table: Table<All>,
  name: Name,
  args: readonly unknown[],
): (() => ReturnType<All[Name]>) | undefined {
  const entry = table[name];
  // What was left out in between came as nil.
  const parsed = entry.args.safeParse(args.map((arg) => arg ?? undefined));
  if (!parsed.success) return undefined;
  const { data } = parsed;
  return () => entry.run(...data);
}

/** Whether the table has something of its own by that name. */
export const isIn = <Names extends object>(table: Names, name: string): name is keyof Names & string =>
  Object.hasOwn(table, name);
