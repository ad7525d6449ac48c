// Runs one plan of the campaign: two to six peers over hostile paths say things and hand each other files, while transports
// break, the server restarts, clocks jump and paths fall silent, one way or both. Whatever happens, everything must arrive
// exactly once.
import type { PathOptions } from '../../src/sim/network.ts';
import type { OfferView, TransferView } from '../../src/share/views.ts';
import { Random } from '../../src/sim/random.ts';
import { World, type Member } from '../../src/sim/world.ts';
import { planOf, type ActionPlan, type Plan } from './campaign-plan.ts';
import { HubRendezvous, sha256 } from './hub-rendezvous.ts';

/** Virtual time within which a world must have settled, ms. */
const LIMIT_MS = 600_000;
/** … and after that the last message must be acknowledged. */
const QUIET_MS = 30_000;

interface SaidText {
  readonly from: Member;
  readonly text: string;
}

interface Offered {
  readonly from: Member;
  readonly id: string;
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

export interface PlanResult {
  /** Empty if all went well. */
  readonly failures: readonly string[];
  /** Of all that every member gave out and when: the same for the same plan. */
  readonly traceHash: number;
  readonly members: number;
  readonly messages: number;
  readonly files: number;
  readonly virtualMs: number;
}

export function runSeed(seed: number, options: { readonly churn: boolean } = { churn: false }): PlanResult {
  return runPlan(planOf(seed, options.churn));
}

export function runPlan(plan: Plan): PlanResult {
  const campaign = new Campaign(plan);
  campaign.run();
  return campaign.result();
}

class Campaign {
  readonly #plan: Plan;
  readonly #world: World;
  readonly #said: SaidText[] = [];
  readonly #offered: Offered[] = [];
  /** `receiver/offer` of those who said no. */
  readonly #declined = new Set<string>();
  readonly #failures: string[] = [];
  #left: Member | undefined;
  #pending = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    const paths = new Map<string, Partial<PathOptions>>();
    for (const { from, to, options } of plan.paths) paths.set(`${from} ${to}`, options);
    const mbit = (rateMbit: number | undefined): Partial<PathOptions> =>
      rateMbit === undefined ? { delayMs: 0 } : { delayMs: 0, rateMbit };
    this.#world = new World({
      seed: plan.seed,
      members: plan.members.length,
      path: (from, to) => paths.get(`${from} ${to}`) ?? {},
      sctp: plan.sctp,
      ...(plan.members.some(({ upMbit }) => upMbit !== undefined)
        ? {
            access: (member) => ({
              up: mbit(plan.members[member]?.upMbit),
              down: mbit(plan.members[member]?.downMbit),
            }),
          }
        : {}),
      clockError: (member) => plan.members[member]?.clock ?? {},
      rendezvous: () => new HubRendezvous(),
      sha256,
      share: { chunkBytes: plan.chunkBytes, hashAheadChunks: plan.hashAheadChunks },
      link: plan.tight ? TIGHT : {},
    });
  }

  run(): void {
    const members = this.#members;
    for (const member of members) {
      member.onEvent = (event) => {
        if (event.kind === 'offer' && !event.offer.own && event.offer.state === 'open') {
          this.#answer(member, event.offer.id);
        }
      };
      this.#world.join(member, this.#plan.members[member.index]?.joinMs ?? 0);
    }
    const met = this.#world.runUntil(() => members.every(({ pool }) => pool.peers.length === members.length - 1), 5000);
    if (!met) this.#failures.push('not everyone was listed to everyone within 5 s');
    this.#schedule();
    const settled = this.#world.runUntil(() => this.#pending === 0 && this.#settled(), LIMIT_MS, 100);
    if (!settled) this.#failures.push(`not settled after ${LIMIT_MS} virtual ms`);
    this.#world.run(3000);
    // Lanes come and go for a while yet, by messages; each must have its answer in the end.
    this.#world.runUntil(() => this.#quiet(), QUIET_MS, 100);
    this.#check();
  }

  result(): PlanResult {
    return {
      failures: this.#failures.map((failure) => `seed ${this.#plan.seed}: ${failure}`),
      traceHash: this.#world.traceHash,
      members: this.#members.length,
      messages: this.#said.length,
      files: this.#offered.reduce((sum, { files }) => sum + files.length, 0),
      virtualMs: Math.round(this.#world.clock.now),
    };
  }

  get #members(): Member[] {
    return this.#world.members.filter(({ index }) => this.#plan.members[index]?.absent !== true);
  }

  #schedule(): void {
    for (const action of this.#plan.actions) this.#later(action.atMs, () => this.#act(action));
  }

  /** Nothing is settled before this has happened. */
  #later(ms: number, action: () => void): void {
    this.#pending++;
    this.#world.clock.after(ms, () => {
      this.#pending--;
      action();
    });
  }

  #act(action: ActionPlan): void {
    const { members, switchboard } = this.#world;
    const member = 'member' in action ? members[action.member] : members[0];
    if (member === undefined) return;
    switch (action.kind) {
      case 'say':
        return this.#say(member, action.units);
      case 'offer':
        return member === this.#left ? undefined : this.#offer(member, action.files);
      case 'break': {
        const transport = pickFrom(switchboard.open, action.pick);
        return transport === undefined ? undefined : switchboard.break(transport);
      }
      case 'silence': {
        const [from, to] = [members[action.from], members[action.to]];
        return from === undefined || to === undefined ? undefined : this.#world.silence(from, to, action.ms);
      }
      case 'jump-clock':
        return member.jumpClock(action.ms);
      case 'restart-server':
        return this.#world.restartServer(action.backMs);
      case 'cancel':
        return this.#cancel(member, action.pick);
      case 'withdraw':
        return this.#withdraw(action.pick);
      case 'leave':
        return this.#leave(member);
    }
  }

  #say(member: Member, units: number): void {
    const text = `${member.index}.${this.#said.length} ${'lorem ipsum '.repeat(units / 12)}é水🐟`;
    if (member === this.#left) return;
    member.say(text);
    this.#said.push({ from: member, text });
  }

  #offer(member: Member, sizes: readonly number[]): void {
    const number = this.#offered.length;
    const random = new Random((this.#plan.seed * 16 + number) >>> 0);
    const files = sizes.map((size, i) => ({ name: `file ${number}.${i}`, bytes: random.bytes(size) }));
    this.#offered.push({ from: member, id: member.offer(files), files });
  }

  #answer(member: Member, offer: string): void {
    // By who and what it is, not by when: a plan with less in it has the same answers.
    const number = this.#offered.findIndex(({ id }) => id === offer);
    const random = new Random((this.#plan.seed * 256 + number * 8 + member.index) >>> 0);
    const decline = random.chance(0.1);
    if (decline) this.#declined.add(`${member.index}/${offer}`);
    this.#later(random.between(0, 500), () => {
      member.act((pool, nowMs) => (decline ? pool.share.decline(nowMs, offer) : pool.share.accept(nowMs, offer)));
    });
  }

  #cancel(member: Member, pick: number): void {
    const running = [...latest(member).values()].filter(({ state }) => state === 'running');
    const transfer = pickFrom(running, pick);
    if (transfer !== undefined) member.act((pool, nowMs) => pool.share.cancel(nowMs, transfer.id));
  }

  #withdraw(pick: number): void {
    const offered = pickFrom(this.#offered, pick);
    offered?.from.act((pool, nowMs) => pool.share.withdraw(nowMs, offered.id));
  }

  #leave(member: Member): void {
    this.#left = member;
    member.act((pool, nowMs) => pool.leave(nowMs, 'left'));
  }

  get #staying(): Member[] {
    return this.#members.filter((member) => member !== this.#left);
  }

  /** Nothing is open any more: every transfer has ended, every offer was answered or withdrawn, all is acknowledged. */
  #calm(): boolean {
    return (
      this.#staying.every((member) => {
        // What its device took along waits for it, or for somebody else.
        const ended = [...latest(member).values()].every(({ state }) => state === 'ended' || state === 'waiting');
        const answered = [...offersOf(member).values()].every(({ own, state }) => own || state !== 'open');
        const heard = this.#said.every(({ from, text }) => from === this.#left || textsOf(member, from).includes(text));
        return ended && answered && heard;
      }) && this.#quiet()
    );
  }

  #settled(): boolean {
    if (this.#plan.churn) return this.#calm();
    const members = this.#members;
    const inEnds = this.#expectedIn();
    const outEnds = this.#offered.reduce((sum, { files }) => sum + files.length * (members.length - 1), 0);
    const texts = this.#said.length * members.length;
    let [ins, outs, messages] = [0, 0, 0];
    for (const { events } of members) {
      for (const event of events) {
        if (event.kind === 'message' && event.fresh) messages++;
        if (event.kind !== 'transfer' || event.transfer.state !== 'ended') continue;
        if (event.transfer.direction === 'in') ins++;
        else outs++;
      }
    }
    return ins >= inEnds && outs >= outEnds && messages >= texts && this.#quiet();
  }

  #quiet(): boolean {
    return this.#staying.every(({ pool }) => pool.heldBytes.every(({ messagesOut }) => messagesOut === 0));
  }

  #expectedIn(): number {
    let count = 0;
    for (const { from, id, files } of this.#offered) {
      for (const member of this.#members) {
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
      const waiting = [...latest(member).values()].filter(({ state }) => state === 'waiting').length;
      if (member.store.unfinished > waiting) fail(`${member.store.unfinished} files unfinished, ${waiting} waiting`);
      const left = member.all('peer-left').length;
      if (left !== (this.#left === undefined ? 0 : 1)) fail(`${left} peers were taken for gone`);
      for (const held of member.pool.heldBytes) {
        if (held.messagesOut + held.messagesIn + held.chunksOut + held.chunksIn > 0) {
          fail(`still holds bytes in the end: ${JSON.stringify(held)}`);
        }
      }
      this.#checkMessages(member, fail);
      if (this.#plan.churn) this.#checkEnds(member, fail);
      else this.#checkFiles(member, fail);
    }
  }

  /** Each sender's messages, all of them, once each, and read in the order they were said. */
  #checkMessages(member: Member, fail: (what: string) => void): void {
    for (const sender of this.#members) {
      let said = this.#said.filter(({ from }) => from === sender).map(({ text }) => text);
      const texts = textsOf(member, sender);
      // Of one who left there is what somebody had when it went, and then everybody has that.
      if (sender === this.#left) {
        const had = new Set(this.#staying.flatMap((other) => textsOf(other, sender)));
        said = said.filter((text) => had.has(text));
      }
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
          for (const other of this.#members) {
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

/** What arrived of one member at another, in the order in which it is read. */
function textsOf(member: Member, from: Member): string[] {
  const arrived = member.all('message').filter(({ message, fresh }) => fresh && message.from === from.id);
  return arrived.toSorted((a, b) => a.message.created - b.message.created).map(({ message }) => message.text);
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
  messageBytesMax: 100_000,
  messageSendBytesMax: 120_000,
  messageReceiveBytesMax: 110_000,
  chunkBytesMax: 32_768,
  chunkSendBytesMax: 65_536,
  chunkReceiveBytesMax: 65_536,
  requestsMax: 32,
} as const;

/** The item at `pick`, 0 to 1, of the way through. */
function pickFrom<T>(items: readonly T[], pick: number): T | undefined {
  return items[Math.floor(pick * items.length)];
}
