// Runs every path of the literal transition table. A row without a scenario here, or a scenario without a row, fails.
import { describe, expect, test } from '@jest/globals';
import { TRANSITIONS, type LinkEvent, type LinkState } from '../../src/link/states.ts';
import type { LinkInput } from '../../src/link/link.ts';
import { LINK_CODES } from '../../src/wire/codes.ts';
import { encodeControl } from '../../src/wire/datagram.ts';
import { Lone } from './support.ts';

const detached = (): Lone => new Lone('initiator');

function opening(role: 'initiator' | 'acceptor' = 'initiator'): Lone {
  const lone = new Lone(role);
  lone.link.handle(lone.now, { kind: 'transport-open' });
  lone.drain();
  return lone;
}

/** An initiator that has a session and is asking to resume it. */
function resuming(): Lone {
  const lone = new Lone('initiator').open();
  lone.link.handle(lone.now, { kind: 'transport-closed' });
  lone.link.handle(lone.now, { kind: 'transport-open' });
  lone.drain();
  return lone;
}

const open = (role: 'initiator' | 'acceptor' = 'initiator'): Lone => new Lone(role).open();

interface Scenario {
  readonly before: () => Lone;
  readonly happens: (lone: Lone) => void;
  /** Kinds of what it tells its driver, datagrams apart. */
  readonly tells: readonly string[];
}

function disconnected(lone: Lone, code: keyof typeof LINK_CODES): void {
  lone.hear({ kind: 'disconnect', session: lone.link.sessionId, code: LINK_CODES[code] });
}

const scenarios: Record<string, Scenario> = {
  'detached, attached': {
    before: detached,
    happens: (lone) => lone.link.handle(lone.now, { kind: 'transport-open' }),
    tells: [],
  },
  'detached, ended': { before: detached, happens: (lone) => lone.link.close(lone.now, 'left'), tells: ['closed'] },
  'opening, lost': {
    before: opening,
    happens: (lone) => {
      for (let at = lone.link.nextTimeout(); at !== undefined; at = lone.link.nextTimeout()) lone.tick(at);
    },
    tells: ['lost'],
  },
  'opening, established': {
    before: () => opening('acceptor'),
    happens: (lone) => lone.hear({ kind: 'connect', session: 0n, nonce: 1n, messageCreditBytes: 0 }),
    tells: ['open'],
  },
  'opening, forgotten': {
    before: resuming,
    happens: (lone) => disconnected(lone, 'unknown-session'),
    tells: ['reset'],
  },
  'opening, ended': { before: opening, happens: (lone) => lone.hear(new Uint8Array(30)), tells: ['closed'] },
  'open, lost': {
    before: open,
    happens: (lone) => lone.link.handle(lone.now, { kind: 'transport-closed' }),
    tells: [],
  },
  'open, forgotten': { before: open, happens: (lone) => disconnected(lone, 'unknown-session'), tells: ['reset'] },
  'open, renewed': {
    before: () => {
      const lone = open('acceptor');
      // Only a session that the peer has spoken in can be given up by it.
      lone.hear({ kind: 'heartbeat', session: lone.link.sessionId, timeUs: 0 });
      return lone;
    },
    happens: (lone) => lone.hear({ kind: 'connect', session: 0n, nonce: 99n, messageCreditBytes: 0 }),
    tells: ['reset', 'open'],
  },
  'open, ended': { before: open, happens: (lone) => disconnected(lone, 'left'), tells: ['closed'] },
};

const rows = (Object.keys(TRANSITIONS) as LinkState[]).flatMap((from) =>
  (Object.entries(TRANSITIONS[from]) as [LinkEvent, LinkState][]).map(([event, to]) => ({ from, event, to })),
);

describe('the transition table', () => {
  test('every row has a scenario and every scenario a row', () => {
    expect(Object.keys(scenarios).sort()).toEqual(rows.map(({ from, event }) => `${from}, ${event}`).sort());
  });

  test.each(rows)('$from goes to $to when $event', ({ from, event, to }) => {
    const scenario = scenarios[`${from}, ${event}`];
    if (scenario === undefined) throw new Error('no scenario');
    const lone = scenario.before();
    lone.drain();
    lone.outputs.length = 0;
    expect(lone.link.state).toBe(from);
    scenario.happens(lone);
    lone.drain();
    expect(lone.link.state).toBe(to);
    expect(lone.outputs.map(({ kind }) => kind)).toEqual(scenario.tells);
  });

  test('a forgotten session asks for a new one at once', () => {
    const lone = open();
    const answers = lone.hear({
      kind: 'disconnect',
      session: lone.link.sessionId,
      code: LINK_CODES['unknown-session'],
    });
    expect(answers).toMatchObject([{ kind: 'connect', session: 0n }]);
  });

  test('after closed nothing comes any more, whatever happens', () => {
    const lone = open();
    lone.link.close(lone.now, 'left');
    lone.drain();
    lone.outputs.length = 0;
    const inputs: LinkInput[] = [
      { kind: 'transport-open' },
      { kind: 'datagram', bytes: encodeControl({ kind: 'heartbeat', session: 0xabcn, timeUs: 0 }) },
      { kind: 'datagram', bytes: new Uint8Array(30) },
      { kind: 'timeout' },
      { kind: 'transport-closed' },
    ];
    for (const input of inputs) {
      lone.link.handle(lone.now + 10_000, input);
      expect([lone.drain(), lone.outputs, lone.link.state, lone.link.nextTimeout()]).toEqual([
        [],
        [],
        'closed',
        undefined,
      ]);
    }
    expect(lone.link.sendMessage(lone.now, new Uint8Array(1))).toBe('dropped');
    expect(lone.link.requestChunk(lone.now, 0, 0, 1)).toBe('dropped');
    expect(lone.link.sendChunk(lone.now, 0, new Uint8Array(1))).toBe('dropped');
    expect(lone.drain()).toEqual([]);
  });

  test('closing says disconnect with the code, once, and only where someone can hear it', () => {
    const lone = open();
    const session = lone.link.sessionId;
    lone.link.close(lone.now, 'exhausted');
    expect(lone.drain()).toEqual([{ kind: 'disconnect', session, code: LINK_CODES.exhausted }]);
    lone.link.close(lone.now, 'left');
    expect(lone.drain()).toEqual([]);
    const alone = detached();
    alone.link.close(alone.now, 'left');
    expect(alone.drain()).toEqual([]);
  });

  test('inputs that do not fit the state are ignored', () => {
    const lone = detached();
    lone.link.handle(lone.now, { kind: 'transport-closed' });
    lone.link.handle(lone.now, { kind: 'timeout' });
    lone.hear({ kind: 'connect', session: 0n, nonce: 1n, messageCreditBytes: 0 });
    expect([lone.link.state, lone.outputs, lone.link.nextTimeout()]).toEqual(['detached', [], undefined]);
  });
});
