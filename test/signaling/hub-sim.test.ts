// The hub under whatever order things come in: hundreds of runs, each from a seed that fast-check prints and shrinks. After each
// step what every client was told, what the hooks were told and what the hub counts must agree.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { HubOutput } from '../../signaling/hub-ports.ts';
import { JoinPace } from '../../signaling/join-pace.ts';
import type { Role, ServerMessage } from '../../src/wire/signaling.ts';
import { HubWorld, idOf } from './hub-world.ts';

const LETTERS = ['a', 'b', 'c', 'd', 'e'] as const;
const RESUME_MS = 3_000;
const LIMITS = {
  poolMembersMax: 4,
  poolsMax: 2,
  socketsMax: 6,
  messagesBurst: 100_000,
  resumeMs: RESUME_MS,
  awayMax: 2,
  awaySignalsMax: 4,
  awayBytesMax: 700,
  probeMs: 20_000,
  silentMs: 40_000,
};

/** What the user of one socket believes. */
interface Belief {
  readonly self: string;
  readonly pool: string;
  readonly role: Role;
  readonly peers: Set<string>;
}

class Run {
  readonly world = new HubWorld(LIMITS);
  readonly beliefs = new Map<number, Belief>();
  readonly slots: number[] = [];
  /** Device -> its pool, as the hooks were told. */
  readonly seats = new Map<string, string>();
  /** Who lost its socket in which pool, as what, and when. */
  readonly lost = new Map<string, { readonly pool: string; readonly role: Role; readonly atMs: number }>();
  readonly #pace = new JoinPace(30, 10, 0);

  constructor() {
    for (let i = 0; i < 4; i++) this.slots.push(this.world.open());
  }

  step(what: string, slot: number, letter: string, pool: string): void {
    const { world } = this;
    const socket = this.slots[slot] ?? 0;
    const belief = this.beliefs.get(socket);
    if (what === 'join' || what === 'listen') {
      const retryMs = this.#pace.take(world.now);
      if (retryMs > 0) world.say(socket, { kind: 'refused', code: 'busy', retryMs });
      else
        world.join(letter, pool, socket, letter, { account: letter, ...(what === 'listen' && { role: 'listener' }) });
    } else if (what === 'leave') {
      this.beliefs.delete(socket);
      world.say(socket, { kind: 'leave' });
    } else if (what === 'drop') {
      if (belief !== undefined) this.#noteLost(belief);
      this.beliefs.delete(socket);
      world.drop(socket);
      this.slots[slot] = world.open();
    } else if (what === 'relay') world.relay(socket, letter);
    else if (what === 'garbage') world.handle({ kind: 'frame', socket, bytes: 9, wallMs: 0 });
    else if (what === 'revoke') world.handle({ kind: 'revoke', subject: { account: letter } });
    else if (what === 'refuse') world.say(socket, { kind: 'refused', code: 'denied' });
    else world.wait(what === 'wait' ? 400 : RESUME_MS + 500);
    for (const output of world.take()) this.#take(output);
    this.#check();
  }

  #noteLost({ self, pool, role }: Belief): void {
    this.lost.set(self, { pool, role, atMs: this.world.now });
  }

  #take(output: HubOutput): void {
    if (output.kind === 'send') for (const to of output.sockets) this.#hear(to, output.message);
    else if (output.kind === 'close') {
      const belief = this.beliefs.get(output.socket);
      if (belief !== undefined) this.#noteLost(belief);
      this.beliefs.delete(output.socket);
      const slot = this.slots.indexOf(output.socket);
      if (slot >= 0) this.slots[slot] = this.world.open();
    } else if (output.kind === 'entered') {
      expect(this.seats.has(output.seat.member.id)).toBe(false);
      this.seats.set(output.seat.member.id, output.seat.pool);
    } else if (output.kind === 'vacated') {
      expect(this.seats.get(output.seat.member.id)).toBe(output.seat.pool);
      const { member, pool } = output.seat;
      this.seats.delete(member.id);
      this.lost.delete(member.id);
      // It asked to be elsewhere: if its socket is closed over that, it has lost nothing here.
      for (const [socket, belief] of this.beliefs)
        if (belief.self === member.id && belief.pool === pool) this.beliefs.delete(socket);
    }
  }

  #hear(to: number, message: ServerMessage): void {
    const belief = this.beliefs.get(to);
    switch (message.kind) {
      case 'welcome': {
        const { self, pool, role, peers } = message;
        const before = this.lost.get(self);
        // Whoever comes back in time is what it was, if nobody says otherwise.
        if (before?.pool === pool && before.role === 'owner' && role !== 'listener') expect(role).toBe('owner');
        this.lost.delete(self);
        this.beliefs.set(to, { self, pool, role, peers: new Set(peers.map(({ id }) => id)) });
        return;
      }
      case 'peer-joined':
        return void belief?.peers.add(message.peer.id);
      case 'peer-left':
        // One that was lost may be said to have left for good, later on.
        if (!belief?.peers.delete(message.id)) expect(message.lost).toBe(false);
        return;
      case 'relayed':
        return expect(belief?.peers.has(message.peer)).toBe(true);
      default:
        throw new Error(`nobody asked for ${message.kind}`);
    }
  }

  #check(): void {
    const figures = this.world.hub.figures();
    const here = [...this.beliefs.values()];
    expect(here).toHaveLength(figures.members);
    expect(new Set(here.map(({ self }) => self)).size).toBe(here.length);
    for (const { self, pool, peers } of here) {
      const others = here.filter((other) => other.pool === pool && other.self !== self).map((other) => other.self);
      expect([...peers].sort()).toEqual(others.sort());
      expect(this.seats.get(self)).toBe(pool);
    }
    expect(this.seats.size).toBe(figures.members + figures.away);
    expect(new Set(this.seats.values()).size).toBe(figures.pools);
    expect(figures.pools).toBeLessThanOrEqual(LIMITS.poolsMax);
    expect(figures.away).toBeLessThanOrEqual(LIMITS.awayMax);
    expect(figures.heldBytes).toBeLessThanOrEqual(figures.away === 0 ? 0 : LIMITS.awayBytesMax);
    for (const pool of ['blue', 'green', 'red']) {
      const owners = here.filter((seat) => seat.pool === pool && seat.role === 'owner');
      expect(owners.length).toBeLessThanOrEqual(1);
    }
  }
}

const step = fc.record({
  what: fc.constantFrom(
    ...(['join', 'join', 'join', 'join', 'listen', 'leave', 'drop', 'drop', 'relay', 'relay', 'relay'] as const),
    ...(['garbage', 'revoke', 'refuse', 'wait', 'wait', 'long'] as const),
  ),
  slot: fc.nat(3),
  letter: fc.constantFrom(...LETTERS),
  pool: fc.constantFrom('blue', 'blue', 'green', 'red'),
});

test('whatever order things come in, rosters, hooks and figures agree', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const run = new Run();
      for (const { what, slot, letter, pool } of steps) run.step(what, slot, letter, pool);
    }),
    { numRuns: 250 },
  );
});

test('whatever came before, when all have gone nothing is left and nothing waits', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const run = new Run();
      for (const { what, slot, letter, pool } of steps) run.step(what, slot, letter, pool);
      const { world } = run;
      for (const socket of run.slots) world.drop(socket);
      world.wait(RESUME_MS + 1_000);
      expect(world.hub.figures()).toMatchObject({ sockets: 0, pools: 0, members: 0, away: 0, heldBytes: 0 });
      expect(world.hub.nextTimeout()).toBeNull();
    }),
    { numRuns: 50 },
  );
});

test('a device that comes back in time gets, in their order, the signals of those still there', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b'), { maxLength: 6 }), fc.boolean(), (senders, bLeaves) => {
      const world = new HubWorld(LIMITS);
      const sockets = { a: world.join('a', 'blue'), b: world.join('b', 'blue') };
      world.drop(world.join('c', 'blue'));
      for (const letter of senders) world.relay(sockets[letter as 'a' | 'b'], 'c');
      if (bLeaves) world.say(sockets.b, { kind: 'leave' });
      world.wait(RESUME_MS - 100);
      world.take();
      const heard = world.sentTo(world.join('c', 'blue')).slice(1);
      const kept = senders.slice(0, LIMITS.awaySignalsMax).filter((letter) => letter === 'a' || !bLeaves);
      expect(heard.map((message) => message.kind === 'relayed' && message.peer)).toEqual(kept.map(idOf));
    }),
  );
});
