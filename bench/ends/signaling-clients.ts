// The clients of `signaling`, in a process of their own: so that what they cost is no server's.
import { serveEnd } from '../harness.ts';
import { Calls, opened, peerJsUrl } from '../signaling/calls.ts';
import { Member, POOL_MEMBERS } from '../signaling/members.ts';
import type { Contender } from '../signaling/server-process.ts';

/** Devices that join at once while all are brought in: enough that the server never waits for one. */
const JOINING = 128;
const LOOK_MS = 20;

export interface ServerAsked {
  readonly contender: Contender;
  readonly port: number;
  /** Sockets, or members. */
  readonly count: number;
}

export interface Back {
  /** When each was welcomed, ms since 1970. */
  readonly welcomedAtMs: readonly number[];
  /** Sockets they have asked for. */
  readonly tries: number;
  /** Why they had to wait -> how often. */
  readonly waits: Readonly<Record<string, number>>;
  /** Processor time of this process meanwhile, ms. */
  readonly cpuMs: number;
}

export interface SignalingClients {
  /** Opens idle sockets at a server; with Rockpool's, members that join. Resolves once all are there. */
  open(asked: ServerAsked): Promise<void>;
  /** Resolves once every member was welcomed after `sinceMs`, or when `mostMs` are over: then those that were. */
  back(asked: { readonly sinceMs: number; readonly mostMs: number }): Promise<Back>;
  /** Begins calls between pairs of sockets. */
  call(asked: ServerAsked): Promise<void>;
  /** Signals that came through so far. */
  signals(): number;
}

let members: readonly Member[] = [];
let calls: Calls | undefined;

const end: SignalingClients = {
  open: async ({ contender, port, count }) => {
    if (contender === 'rockpool') return joinAll(port, count);
    for (let index = 0; index < count; index += 1) {
      await opened(contender === 'peerjs' ? peerJsUrl(port, index) : `ws://127.0.0.1:${port}/?${index}`, index);
    }
  },
  back: async ({ sinceMs, mostMs }) => {
    const cpu = process.cpuUsage();
    const triesBefore = tries();
    for (const member of members) member.waits.clear();
    const isBack = ({ welcomedAtMs }: Member): boolean => welcomedAtMs > sinceMs;
    while (!members.every(isBack) && Date.now() < sinceMs + mostMs) await pause(LOOK_MS);
    const { user, system } = process.cpuUsage(cpu);
    return {
      welcomedAtMs: members.filter(isBack).map(({ welcomedAtMs }) => welcomedAtMs),
      tries: tries() - triesBefore,
      waits: waits(),
      cpuMs: (user + system) / 1000,
    };
  },
  call: async ({ contender, port, count }) => {
    calls = await Calls.open(contender, port, Math.floor(count / 2));
    calls.begin();
  },
  signals: () => calls?.signals ?? 0,
};
serveEnd(end as unknown as Parameters<typeof serveEnd>[0]);

async function joinAll(port: number, count: number): Promise<void> {
  let started = 0;
  let welcomed = 0;
  await new Promise<void>((resolve) => {
    const startNext = (): void => members[started++]?.start();
    members = Array.from({ length: count }, (_, index) => {
      let isNew = true;
      return new Member(port, index, `pool-${Math.floor(index / POOL_MEMBERS)}`, ({ kind }) => {
        if (kind !== 'welcome' || !isNew) return;
        isNew = false;
        welcomed += 1;
        startNext();
        if (welcomed === count) resolve();
      });
    });
    for (let index = 0; index < JOINING; index += 1) startNext();
  });
}

function tries(): number {
  return members.reduce((sum, member) => sum + member.tries, 0);
}

function waits(): Record<string, number> {
  const all: Record<string, number> = {};
  for (const member of members) {
    for (const [why, count] of member.waits) all[why] = (all[why] ?? 0) + count;
  }
  return all;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
