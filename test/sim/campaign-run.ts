// One seed of the campaign: two to six peers over hostile paths say things and hand each other files, while transports
// break, the server restarts and paths fall silent. Whatever happens, everything must arrive exactly once.
import type { PathOptions } from '../../src/sim/network.ts';
import type { OfferView, TransferView } from '../../src/share/views.ts';
import { Random } from '../../src/sim/random.ts';
import { World, type Member } from '../../src/sim/world.ts';
import { HubRendezvous, sha256 } from './hub-rendezvous.ts';

/** Virtual time within which a world must have settled, ms. */
const LIMIT_MS = 600_000;
const CHAT_UNITS_MAX = 3000;

interface SaidText {
  readonly from: Member;
  readonly text: string;
}

interface Offered {
  readonly from: Member;
  readonly id: string;
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

export interface SeedResult {
  /** Empty if all went well. */
  readonly failures: readonly string[];
  /** A digest of all that every member was told and when: the same for the same seed. */
  readonly digest: string;
  readonly members: number;
  readonly messages: number;
  readonly files: number;
  readonly virtualMs: number;
}

/** With `churn` people also cancel, withdraw and leave, so that not everything arrives; what is said of it must hold. */
export function runSeed(seed: number, options: { readonly churn: boolean } = { churn: false }): SeedResult {
  const campaign = new Campaign(seed, options.churn);
  campaign.run();
  return campaign.result();
}

class Campaign {
  readonly #seed: number;
  readonly #random: Random;
  readonly #world: World;
  readonly #said: SaidText[] = [];
  readonly #offered: Offered[] = [];
  /** `receiver/offer` of those who said no. */
  readonly #declined = new Set<string>();
  readonly #failures: string[] = [];
  readonly #trace: string[] = [];
  readonly #churn: boolean;
  #left: Member | undefined;
  #pending = 0;

  constructor(seed: number, churn: boolean) {
    this.#seed = seed;
    this.#churn = churn;
    const random = new Random(seed);
    this.#random = random;
    const members = random.integer(2, 6);
    const paths = new Map<string, Partial<PathOptions>>();
    const small = random.chance(0.5);
    this.#world = new World({
      seed: random.u32(),
      members,
      path: (from, to) => {
        const key = `${from} ${to}`;
        const path = paths.get(key) ?? hostile(new Random((seed * 64 + from * 8 + to) >>> 0));
        paths.set(key, path);
        return path;
      },
      rendezvous: () => new HubRendezvous(),
      sha256,
      share: { chunkBytes: random.pick([16_384, 32_768]), hashAheadChunks: random.pick([2, 32]) },
      // Half of all worlds have marks so low that they are reached all the time.
      link: small ? TIGHT : {},
    });
  }

  run(): void {
    const { members } = this.#world;
    for (const member of members) {
      member.onEvent = (event) => {
        this.#trace.push(`${member.index} ${this.#world.clock.now} ${JSON.stringify(event)}`);
        if (event.kind === 'offer' && !event.offer.own && event.offer.state === 'open') {
          this.#answer(member, event.offer.id);
        }
      };
      this.#world.join(member, this.#random.between(0, 1000));
    }
    const met = this.#world.runUntil(() => members.every(({ pool }) => pool.peers.length === members.length - 1), 5000);
    if (!met) this.#failures.push('not everyone was listed to everyone within 5 s');
    this.#schedule();
    const settled = this.#world.runUntil(() => this.#pending === 0 && this.#settled(), LIMIT_MS, 100);
    if (!settled) this.#failures.push(`not settled after ${LIMIT_MS} virtual ms`);
    this.#world.run(3000);
    this.#check();
  }

  result(): SeedResult {
    return {
      failures: this.#failures.map((failure) => `seed ${this.#seed}: ${failure}`),
      digest: Buffer.from(sha256(new TextEncoder().encode(this.#trace.join('\n')))).toString('hex'),
      members: this.#world.members.length,
      messages: this.#said.length,
      files: this.#offered.reduce((sum, { files }) => sum + files.length, 0),
      virtualMs: Math.round(this.#world.clock.now),
    };
  }

  #schedule(): void {
    const random = this.#random;
    const { members, clock, switchboard } = this.#world;
    const at = (ms: number, action: () => void): void => {
      this.#pending++;
      clock.after(ms, () => {
        this.#pending--;
        action();
      });
    };
    for (const member of members) {
      const count = random.integer(0, 8);
      for (let i = 0; i < count; i++) at(random.between(0, 6000), () => this.#say(member));
    }
    const offers = random.integer(1, 3);
    for (let i = 0; i < offers; i++) at(random.between(0, 4000), () => this.#offer(random.pick(this.#staying)));
    const breaks = random.integer(0, 3);
    for (let i = 0; i < breaks; i++) {
      at(random.between(500, 6000), () => {
        const { open } = switchboard;
        if (open.length > 0) switchboard.break(random.pick(open));
      });
    }
    if (this.#churn) {
      for (let i = random.integer(1, 4); i > 0; i--)
        at(random.between(500, 6000), () => this.#cancel(random.pick(members)));
      if (random.chance(0.5)) at(random.between(500, 6000), () => this.#withdraw());
      if (members.length > 2 && random.chance(0.4))
        at(random.between(500, 6000), () => this.#leave(random.pick(members)));
      return;
    }
    if (random.chance(0.25)) at(random.between(500, 5000), () => this.#world.restartServer(2000));
  }

  #say(member: Member): void {
    const filler = 'lorem ipsum '.repeat(this.#random.below(CHAT_UNITS_MAX / 12));
    const text = `${member.index}.${this.#said.length} ${filler}é水🐟`;
    if (member === this.#left) return;
    const result = member.act((pool, nowMs) => pool.say(nowMs, text));
    if (result === 'ok') {
      this.#said.push({ from: member, text });
      return;
    }
    if (result === 'dropped') this.#failures.push(`member ${member.index}: a message was dropped`);
    this.#pending++;
    this.#world.clock.after(200, () => {
      this.#pending--;
      this.#say(member);
    });
  }

  #offer(member: Member): void {
    const random = this.#random;
    const files = Array.from({ length: random.integer(1, 3) }, (_, i) => ({
      name: `file ${this.#offered.length}.${i}`,
      bytes: random.bytes(random.pick([0, 1, 5000, 16_384, 16_385, 60_000, 120_000])),
    }));
    this.#offered.push({ from: member, id: member.offer(files), files });
  }

  #answer(member: Member, offer: string): void {
    const decline = this.#random.chance(0.1);
    if (decline) this.#declined.add(`${member.index}/${offer}`);
    this.#pending++;
    this.#world.clock.after(this.#random.between(0, 500), () => {
      this.#pending--;
      member.act((pool, nowMs) => (decline ? pool.decline(nowMs, offer) : pool.accept(nowMs, offer)));
    });
  }

  #cancel(member: Member): void {
    const running = [...latest(member).values()].filter(({ state }) => state === 'running');
    if (running.length > 0) member.act((pool, nowMs) => pool.cancel(nowMs, this.#random.pick(running).id));
  }

  #withdraw(): void {
    if (this.#offered.length === 0) return;
    const { from, id } = this.#random.pick(this.#offered);
    from.act((pool, nowMs) => pool.withdraw(nowMs, id));
  }

  #leave(member: Member): void {
    this.#left = member;
    member.act((pool, nowMs) => pool.leave(nowMs, 'left'));
  }

  get #staying(): Member[] {
    return this.#world.members.filter((member) => member !== this.#left);
  }

  /** Nothing is open any more: every transfer has ended, every offer was answered or withdrawn, all is acknowledged. */
  #calm(): boolean {
    return this.#staying.every((member) => {
      const ended = [...latest(member).values()].every(({ state }) => state === 'ended');
      const answered = [...offersOf(member).values()].every(({ own, state }) => own || state !== 'open');
      return ended && answered && member.pool.heldBytes.every(({ messagesOut }) => messagesOut === 0);
    });
  }

  #settled(): boolean {
    if (this.#churn) return this.#calm();
    const { members } = this.#world;
    const inEnds = this.#expectedIn();
    const outEnds = this.#offered.reduce((sum, { files }) => sum + files.length * (members.length - 1), 0);
    const texts = this.#said.length * members.length;
    let [ins, outs, messages] = [0, 0, 0];
    for (const { events } of members) {
      for (const event of events) {
        if (event.kind === 'message') messages++;
        if (event.kind !== 'transfer' || event.transfer.state !== 'ended') continue;
        if (event.transfer.direction === 'in') ins++;
        else outs++;
      }
    }
    const quiet = members.every(({ pool }) => pool.heldBytes.every(({ messagesOut }) => messagesOut === 0));
    return ins >= inEnds && outs >= outEnds && messages >= texts && quiet;
  }

  #expectedIn(): number {
    let count = 0;
    for (const { from, id, files } of this.#offered) {
      for (const member of this.#world.members) {
        if (member !== from && !this.#declined.has(`${member.index}/${id}`)) count += files.length;
      }
    }
    return count;
  }

  #check(): void {
    this.#failures.push(...this.#world.violations.slice(0, 5));
    for (const member of this.#staying) {
      const fail = (what: string): void => void this.#failures.push(`member ${member.index}: ${what}`);
      for (const violation of member.store.violations) fail(violation);
      if (member.store.unfinished > 0) fail(`${member.store.unfinished} files were never finished`);
      const left = member.all('peer-left').length;
      if (left !== (this.#left === undefined ? 0 : 1)) fail(`${left} peers were taken for gone`);
      for (const held of member.pool.heldBytes) {
        if (held.messagesOut + held.messagesIn + held.chunksOut + held.chunksIn > 0) {
          fail(`still holds bytes in the end: ${JSON.stringify(held)}`);
        }
      }
      this.#checkMessages(member, fail);
      if (this.#churn) this.#checkEnds(member, fail);
      else this.#checkFiles(member, fail);
    }
  }

  /** Each sender's messages, all of them, once each, in the order they were said. */
  #checkMessages(member: Member, fail: (what: string) => void): void {
    for (const sender of this.#world.members) {
      const said = this.#said.filter(({ from }) => from === sender).map(({ text }) => text);
      const arrived = member.all('message').filter(({ message }) => message.from === sender.id);
      const texts = arrived.map(({ message }) => message.text);
      // Of one who left, the last words may be missing, but none from the middle.
      if (sender === this.#left) said.length = Math.min(said.length, texts.length);
      if (JSON.stringify(texts) === JSON.stringify(said)) continue;
      fail(`from member ${sender.index}: said ${said.length}, arrived ${texts.length}, or out of order`);
    }
  }

  /** Each transfer ended once; what ended verified is stored with its bytes, and nothing else is. */
  #checkEnds(member: Member, fail: (what: string) => void): void {
    const ended = member.all('transfer').flatMap(({ transfer }) => (transfer.state === 'ended' ? [transfer] : []));
    if (new Set(ended.map(({ id }) => id)).size !== ended.length) fail('a transfer ended twice');
    const verified = ended.filter(({ direction, end }) => direction === 'in' && end === 'verified');
    if (member.store.finished.size !== verified.length) {
      fail(`${member.store.finished.size} files stored, ${verified.length} verified`);
    }
    const files = new Map(this.#offered.flatMap((offer) => offer.files.map(({ name, bytes }) => [name, bytes])));
    for (const { name, location } of verified) {
      const stored = member.store.finished.get(location ?? '');
      const bytes = files.get(name);
      if (stored === undefined || bytes === undefined || Buffer.compare(stored.bytes, bytes) !== 0) {
        fail(`${name}: bytes differ`);
      }
    }
  }

  #checkFiles(member: Member, fail: (what: string) => void): void {
    const ended = member.all('transfer').flatMap(({ transfer }) => (transfer.state === 'ended' ? [transfer] : []));
    let expected = 0;
    for (const { from, id, files } of this.#offered) {
      for (const { name, bytes } of files) {
        if (from === member) {
          for (const other of this.#world.members) {
            if (other === member) continue;
            const ends = ended.filter((one) => one.direction === 'out' && one.name === name && one.peer === other.id);
            const end = this.#declined.has(`${other.index}/${id}`) ? 'declined' : 'verified';
            const got = ends.map((one) => one.end).join(', ');
            if (got !== end) fail(`${name} to member ${other.index}: expected to end ${end}, got [${got}]`);
          }
          continue;
        }
        if (this.#declined.has(`${member.index}/${id}`)) continue;
        expected++;
        const ends = ended.filter((one) => one.direction === 'in' && one.name === name);
        const got = ends.map((one) => one.end).join(', ');
        if (got !== 'verified') fail(`${name}: expected to end verified, got [${got}]`);
        const stored = member.store.finished.get(ends[0]?.location ?? '');
        if (stored === undefined || Buffer.compare(stored.bytes, bytes) !== 0) fail(`${name}: bytes differ`);
      }
    }
    if (member.store.finished.size !== expected) fail(`${member.store.finished.size} files stored, not ${expected}`);
  }
}

/** The last word on each transfer, and on each offer, that a member was told of. */
function latest(member: Member): Map<string, TransferView> {
  return new Map(member.all('transfer').map(({ transfer }) => [transfer.id, transfer]));
}

function offersOf(member: Member): Map<string, OfferView> {
  return new Map(member.all('offer').map(({ offer }) => [offer.id, offer]));
}

/** Marks an ordinary exchange keeps running into. */
const TIGHT = {
  messageBytesMax: 16_384,
  messageSendBytesMax: 32_768,
  messageReceiveBytesMax: 20_000,
  chunkBytesMax: 32_768,
  chunkSendBytesMax: 65_536,
  chunkReceiveBytesMax: 65_536,
  requestsMax: 32,
} as const;

function hostile(random: Random): Partial<PathOptions> {
  const blackouts: { fromMs: number; toMs: number }[] = [];
  for (let i = random.integer(0, 2); i > 0; i--) {
    const fromMs = random.between(500, 10_000);
    // One in five outlasts idleMs, so that the link is given up and built anew.
    blackouts.push({ fromMs, toMs: fromMs + (random.chance(0.2) ? 8000 : random.between(50, 2500)) });
  }
  return {
    delayMs: random.between(1, 100),
    jitterMs: random.between(0, 30),
    lossRatio: random.between(0, 0.2),
    burstLoss: random.chance(0.2) ? { enterRatio: 0.005, leaveRatio: 0.2, lossRatio: 0.9 } : undefined,
    reorderRatio: random.between(0, 0.2),
    reorderMs: random.between(1, 100),
    duplicateRatio: random.between(0, 0.1),
    rateMbit: random.pick([2, 10, 50, Infinity]),
    queueBytes: random.pick([30_000, 100_000, 250_000]),
    blackouts,
  };
}
