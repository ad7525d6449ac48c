// One seed of the campaign: two to eight people with wrong clocks talk, whisper, change their minds, come and go while the
// network falls apart and together again. In the end everyone is linked, and what each holds is compared.
import { epochOf } from '../../src/keys/epoch.ts';
import { signEntry } from '../../src/keys/entry.ts';
import { checkEvidence, decodeEvidence } from '../../src/keys/evidence.ts';
import { union, type Ranges } from '../../src/talk/ranges.ts';
import type { Draft } from '../../src/talk/ports.ts';
import type { MessageRecord } from '../../src/talk/records.ts';
import { decodeEntry, encodeEntry, entryId, parseEntryId } from '../../src/wire/entry.ts';
import { Net } from './net.ts';
import { Person, POOL } from './people.ts';

const STEPS = 40;
const SKEW_MS = 59_000;
/** Virtual time for everything to come together, ms. */
const TOGETHER_MS = 90_000;
const EMOJI = ['👍', '🎉', '🦦'];
const WORDS = 'a plain word that nobody else writes';

export interface CampaignResult {
  readonly failures: readonly string[];
  readonly messages: number;
  /** Of everything that was sent and held: the same for the same seed. */
  readonly trace: string;
}

class Run {
  readonly net: Net;
  readonly present: Person[] = [];
  readonly failures: string[] = [];
  readonly #seed: number;
  /** Entries that change a message and are sealed as it is, by message: not everyone reads all of them. */
  readonly #changes = new Map<string, string[]>();
  readonly #shown = new Map<string, { readonly shown: Set<string>; readonly of: number }>();
  /** Of a device that signed twice: its id, and the log. */
  #forked: { readonly author: string; readonly key: string } | undefined;
  #joined = 0;
  #said = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.net = new Net(seed);
  }

  async go(): Promise<CampaignResult> {
    const { random } = this.net;
    const count = random.integer(2, 8);
    for (let i = 0; i < count; i++) await this.#join();
    this.net.mesh();
    await this.net.run(500);
    const forkAt = this.#seed % 3 === 0 ? random.integer(5, STEPS - 5) : undefined;
    for (let step = 0; step < STEPS; step++) {
      if (forkAt !== undefined && step >= forkAt && this.#forked === undefined) await this.#fork();
      await this.#step();
      await this.net.run(random.chance(0.2) ? random.between(2000, 20_000) : random.between(20, 800));
    }
    this.net.mesh();
    await this.net.runUntil(() => this.#together(), TOGETHER_MS);
    await this.net.run(3000);
    const messages = await this.#check();
    const held = this.#chains(() => true).map(({ key, ranges }) => `${key} ${JSON.stringify(ranges)}`);
    return { failures: this.failures, messages, trace: [this.net.sentBytes, ...held].join('\n') };
  }

  async #join(): Promise<Person> {
    const skewMs = Math.round(this.net.random.between(-SKEW_MS, SKEW_MS));
    const person = await Person.join(this.net, `Person ${this.#joined++}`, skewMs);
    this.present.push(person);
    return person;
  }

  async #step(): Promise<void> {
    const { random } = this.net;
    const person = random.pick(this.present);
    const roll = random.below(100);
    if (roll < 45) return this.#say(person);
    if (roll < 65) return this.#change(person);
    if (roll < 75) return this.#cut();
    if (roll < 85) return this.#heal();
    if (roll < 93) return this.#restart(person);
    if (roll < 97) return this.#replace(person);
    return this.#leave(person);
  }

  async #say(person: Person): Promise<void> {
    const { random } = this.net;
    const others = this.present.filter((other) => other !== person && random.chance(0.4));
    const whispers = random.chance(0.35) && others.length > 0;
    const room = whispers ? person.keeper.whisper(others.map(({ id }) => id)) : person.keeper.poolRoom;
    const count = random.chance(0.2) ? random.integer(2, 6) : 1;
    for (let i = 0; i < count; i++) {
      const words = `${WORDS} ${this.#seed} ${this.#said++}`;
      const files = { kind: 'files', files: [{ name: words, bytes: 4 }], count: 1, bytes: 4 } as const;
      if (random.chance(0.15)) await this.net.write(person.device, room, files);
      else await this.net.say(person.device, room, words);
    }
  }

  /** Edits, reacts to, confirms or takes back something that stands in one of this person's rooms. */
  async #change(person: Person): Promise<void> {
    const { random } = this.net;
    const rooms = person.device.talk.rooms.filter(({ open }) => open);
    if (rooms.length === 0) return;
    const { id: room } = random.pick(rooms);
    const page = await person.page(room);
    if (page.length === 0) return;
    const { id: target, author } = random.pick(page);
    const roll = random.below(4);
    const text = `${WORDS} ${this.#seed} ${this.#said++}`;
    if (roll === 0) await this.#writeChange(person, room, { kind: 'edit', target, text });
    else if (roll === 1) {
      const [emoji, removed] = [random.pick(EMOJI), random.chance(0.2)];
      await this.#writeChange(person, room, { kind: 'reaction', target, emoji, removed });
    } else if (roll === 2) await this.net.write(person.device, room, { kind: 'vote', target });
    else if (author === person.id) await this.net.write(person.device, room, { kind: 'retract', target });
  }

  async #writeChange(person: Person, room: string, draft: Extract<Draft, { target: string }>): Promise<void> {
    const result = await this.net.write(person.device, room, draft);
    if (!result.ok || result.value === undefined) return;
    if (!('chains' in result.value) || !('entries' in result.value)) return;
    const ids = result.value.entries
      .filter(({ kind }) => kind === 'content')
      .map(({ author, chain, seq }) => entryId(author, chain, seq));
    this.#changes.set(draft.target, [...(this.#changes.get(draft.target) ?? []), ...ids]);
  }

  /** In two halves, or just one link. */
  #cut(): void {
    const { random } = this.net;
    const half = new Set(this.present.filter(() => random.chance(0.5)));
    const one = random.chance(0.5) ? random.pick(this.present) : undefined;
    for (const a of this.present) {
      for (const b of this.present) {
        const apart = one === undefined ? half.has(a) !== half.has(b) : a === one && random.chance(0.5);
        if (apart) this.net.unlink(a.device, b.device);
      }
    }
  }

  #heal(): void {
    for (const a of this.present) {
      for (const b of this.present) if (this.net.random.chance(0.7)) this.net.link(a.device, b.device);
    }
  }

  #restart(person: Person): void {
    const linked = this.present.filter((other) => this.net.linked(person.device, other.device));
    person.restart();
    for (const other of linked) if (this.net.random.chance(0.7)) this.net.link(person.device, other.device);
  }

  /** Without its disk a device is another one: its keys lay there as well. */
  async #replace(person: Person): Promise<void> {
    this.#gone(person);
    const other = await this.#join();
    for (const each of this.present) if (this.net.random.chance(0.7)) this.net.link(other.device, each.device);
  }

  async #leave(person: Person): Promise<void> {
    if (this.present.length <= 2) return;
    await this.net.write(person.device, person.keeper.poolRoom, { kind: 'leave' });
    await this.net.run(this.net.random.between(0, 300));
    this.#gone(person);
  }

  /** Signs another entry in the place of a last one, as after a restored backup, and brings it to some of those linked. */
  async #fork(): Promise<void> {
    const { random } = this.net;
    const person = random.pick(this.present);
    const chain = person.keeper.poolRoom;
    const key = `${person.id}/${chain}`;
    const last = [...person.device.talk.chains].find((each) => each.key === key)?.ranges.at(-1)?.last;
    const others = this.present.filter((other) => this.net.linked(person.device, other.device));
    if (last === undefined || others.length === 0) return;
    const [found] = await person.store.entries(POOL, person.id, chain, { first: last, last }, 1);
    const entry = found === undefined ? undefined : decodeEntry(found.bytes);
    if (entry?.body === undefined) return;
    const twin = encodeEntry(await signEntry(person.keys, { ...entry, created: entry.created + 1 }, entry.body));
    this.#forked = { author: person.id, key };
    for (const other of [random.pick(others), ...others.filter(() => random.chance(0.3))]) {
      other.device.received(person.id, { kind: 'entries', want: 0, entries: [twin] }, twin.length);
    }
  }

  #gone(person: Person): void {
    this.net.stop(person.device);
    this.present.splice(this.present.indexOf(person), 1);
  }

  /** What present devices hold, of chains that `which` may have. */
  #chains(which: (person: Person, audience: 'pool' | readonly string[]) => boolean): { key: string; ranges: Ranges }[] {
    const all = new Map<string, Ranges>();
    for (const person of this.present) {
      for (const { key, ranges, audience } of person.device.talk.chains) {
        if (which(person, audience)) all.set(key, union(all.get(key) ?? [], ranges));
      }
    }
    return [...all].map(([key, ranges]) => ({ key, ranges })).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Everyone holds all that anybody here holds of what it may have. */
  #together(): boolean {
    return this.#lacking().length === 0 && this.#goingOn().length === 0;
  }

  /** Those who go on with a log that was signed twice, though somebody here holds the proof; its author may be away. */
  #goingOn(): string[] {
    const having = this.present.flatMap(({ name, device }) => {
      const chain = [...device.talk.chains].find(({ key }) => key === this.#forked?.key);
      return chain === undefined ? [] : [{ name, forked: chain.forked }];
    });
    if (!having.some(({ forked }) => forked)) return [];
    return having.filter(({ forked }) => !forked).map(({ name }) => `${name} goes on with a log that was signed twice`);
  }

  #lacking(): string[] {
    const lacking: string[] = [];
    const audiences = new Map<string, 'pool' | readonly string[]>();
    for (const { device } of this.present) {
      for (const { key, audience } of device.talk.chains) if (audience.length > 0) audiences.set(key, audience);
    }
    const all = this.#chains(() => true);
    for (const { name, id, device } of this.present) {
      const held = new Map([...device.talk.chains].map(({ key, ranges }) => [key, JSON.stringify(ranges)]));
      for (const { key, ranges } of all) {
        // Of that one nobody takes more from then on: how much they have by then differs.
        if (key === this.#forked?.key) continue;
        const audience = audiences.get(key);
        const may = audience === 'pool' || audience?.includes(id) === true;
        if (may && held.get(key) !== JSON.stringify(ranges)) {
          lacking.push(`${name} has ${held.get(key) ?? 'nothing'} of ${key}, of ${JSON.stringify(ranges)}`);
        }
        if (!may && held.has(key)) lacking.push(`${name} has a whisper of others: ${key}`);
      }
    }
    return lacking;
  }

  async #check(): Promise<number> {
    this.failures.push(...this.#lacking(), ...this.#goingOn());
    const readable = new Map<string, string>();
    const places = new Map<string, string>();
    for (const person of this.present) {
      for (const { problem, from } of person.device.told('problem')) {
        const isIts = problem.author === this.#forked?.author && (problem.code === 'fork' || problem.code === 'broken');
        if (isIts) continue;
        this.failures.push(`${person.name} has a problem: ${problem.code}, from ${from}`);
      }
      const told = person.device.told('gaps').at(-1)?.gaps ?? [];
      const gaps = told.filter(({ author }) => author !== this.#forked?.author);
      if (gaps.length > 0) this.failures.push(`${person.name} shows ${gaps.length} gaps`);
      for (const { id: room } of person.device.talk.rooms) {
        for (const message of await person.page(room)) {
          if (message.author === this.#forked?.author) continue;
          const place = JSON.stringify([message.author, message.created, message.room, message.state === 'retracted']);
          this.#same(places, message.id, place, person);
          if (message.state === 'here') {
            const id = [message.id, ...(await this.#changesFor(person, message))].join(' ');
            this.#same(readable, id, shared(message, this.#forked?.author), person);
          }
          await this.#checkKey(person, message);
          await this.#checkEvidence(person, message);
        }
      }
      await this.#checkDisk(person);
    }
    for (const [id, { shown, of }] of this.#shown) {
      if (shown.size !== of) this.failures.push(`${shown.size} of ${of} show ${id}`);
    }
    return places.size;
  }

  #same(seen: Map<string, string>, id: string, value: string, { name }: Person): void {
    const before = seen.get(id);
    seen.set(id, before ?? value);
    if (before !== undefined && before !== value) this.failures.push(`${name} shows ${id} as ${value}, not ${before}`);
  }

  /** Whoever is in a message's epoch reads it, and nobody else. */
  async #checkKey(person: Person, message: MessageRecord): Promise<void> {
    if (message.state === 'retracted') return;
    const readers = await this.#readersOf(message.id, message.room, person);
    if (message.state === 'here') this.#shownBy(message.id, readers ?? []).add(person.id);
    if (readers === undefined) this.failures.push(`${person.name} has ${message.id} without its epoch`);
    else if (readers.includes(person.id) !== (message.state === 'here')) {
      this.failures.push(`${person.name} ${readers.includes(person.id) ? 'cannot' : 'can'} read ${message.id}`);
    }
  }

  /** Whoever reads what another said can prove it as it stands there, and nobody else can prove anything. */
  async #checkEvidence(person: Person, { id, author, state, text, files }: MessageRecord): Promise<void> {
    const result = await person.keeper.perform({ op: 'evidence', entry: id });
    const value =
      result.ok && typeof result.value === 'object' && 'evidence' in result.value ? result.value : undefined;
    const shown = value?.evidence[0];
    const evidence = shown && decodeEvidence(shown);
    const proven = value && evidence && (await checkEvidence(evidence, POOL, value.circle));
    const said = proven?.said.kind === 'content' ? proven.said.content : undefined;
    const proves =
      said !== undefined && ('text' in said ? said.text === text : said.kind === 'files' && files !== undefined);
    const should = state === 'here' && author !== person.id;
    if (proves !== should || (value !== undefined && proven === undefined)) {
      this.failures.push(`${person.name} ${should ? 'cannot prove' : 'proves'} ${id}, which is ${state}`);
    }
  }

  /** Those who show a message, of those who may read it and are here. */
  #shownBy(id: string, readers: readonly string[]): Set<string> {
    const { shown } = this.#shown.get(id) ?? { shown: new Set<string>() };
    this.#shown.set(id, { shown, of: this.present.filter((person) => readers.includes(person.id)).length });
    return shown;
  }

  /** What of the changes to a message this person can read. */
  async #changesFor(person: Person, { id, room }: MessageRecord): Promise<string[]> {
    const read: string[] = [];
    for (const change of this.#changes.get(id) ?? []) {
      const readers = await this.#readersOf(change, room, person);
      if (readers?.includes(person.id) === true) read.push(change);
    }
    return read;
  }

  async #readersOf(id: string, room: string, { store }: Person): Promise<readonly string[] | undefined> {
    const entry = parseEntryId(id);
    if (entry === undefined) return undefined;
    const { author, chain, seq } = entry;
    const [found] = await store.entries(POOL, author, chain, { first: seq, last: seq }, 1);
    const body = found === undefined ? undefined : decodeEntry(found.bytes)?.body;
    const number = body === undefined ? undefined : epochOf(body);
    if (number === undefined) return undefined;
    return (await store.epoch(POOL, author, room, number))?.devices;
  }

  /** Nothing that was written lies in the clear among the entries, which all may have. */
  async #checkDisk({ name, device, store }: Person): Promise<void> {
    for (const { author, chain } of device.talk.chains) {
      const entries = await store.entries(POOL, author, chain, { first: 1, last: 0xffff_ffff }, Infinity);
      if (entries.some(({ bytes }) => Buffer.from(bytes).includes(WORDS))) {
        this.failures.push(`${name} has text in the clear, in ${author}/${chain}`);
      }
    }
  }
}

/** What all who can read it must agree on: not what one keeps for oneself, nor what a device said that signed twice. */
function shared(record: MessageRecord, forked: string | undefined): string {
  const { votes, reactions, trail } = record;
  const kept = <T extends { readonly device: string }>(all: readonly T[]): T[] =>
    all.filter(({ device }) => device !== forked);
  const words = trail && { ...trail, reactions: kept(trail.reactions) };
  const others = { votes: votes.filter((device) => device !== forked), reactions: kept(reactions), trail: words };
  const nothing = words?.edit === undefined && words?.edits.length === 0 && words.reactions.length === 0;
  return JSON.stringify({ ...record, ...others, ...(nothing ? { trail: undefined } : {}), saved: undefined });
}

export const runSeed = (seed: number): Promise<CampaignResult> => new Run(seed).go();
