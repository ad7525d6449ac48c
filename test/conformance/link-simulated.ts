// Both ends of a link in a simulation: the transports of src/sim behind the interface of the real ones, and one virtual
// clock, which runs while a test waits for something at an end and stands still otherwise.
import type { Signal, TransportFactory } from '../../src/io/transport.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import type { PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';
import { Switchboard } from '../../src/sim/transports.ts';
import { LinkProbe, type Time } from './link-probe.ts';
import type { LinkEnd, LinkEnds } from './link-suite.ts';

/** Early, late, twice and through a narrow place; what is lost at random is lost by the probes, as everywhere. */
const PATH: Partial<PathOptions> = {
  delayMs: 5,
  jitterMs: 3,
  reorderRatio: 0.02,
  reorderMs: 10,
  duplicateRatio: 0.02,
  rateMbit: 100,
};

export function simulatedEnds(seed: number): LinkEnds {
  const clock = new VirtualClock();
  const switchboard = new Switchboard(clock, new Random(seed), () => PATH);
  return { first: simulatedEnd(clock, switchboard, true), second: simulatedEnd(clock, switchboard, false) };
}

function simulatedEnd(clock: VirtualClock, switchboard: Switchboard, initiator: boolean): LinkEnd {
  const time: Time = {
    now: () => clock.now,
    after: (ms, action) => {
      const scheduled = clock.after(ms, action);
      return () => clock.cancel(scheduled);
    },
  };
  let listener: (signal: Signal) => void = () => {};
  const factory = simulatedTransport(switchboard, initiator ? 1 : 2);
  const probe = new LinkProbe(factory, { initiator }, (signal) => listener(signal), time);
  return {
    onSignal: (heard) => {
      listener = heard;
    },
    signal: (signal) => Promise.resolve(probe.signal(signal)),
    run: (step, argument) => settled(clock, Promise.resolve(step(probe, argument))),
  };
}

const simulatedTransport =
  (switchboard: Switchboard, owner: number): TransportFactory =>
  ({ initiator }, handlers) => {
    const transport = switchboard.create(owner, initiator, {
      signal: (signal) => handlers.onSignal(signal),
      open: () => handlers.onOpen('direct'),
      datagram: (bytes) => handlers.onDatagram(bytes),
      closed: () => handlers.onClosed('closed'),
    });
    return {
      signal: (signal) => switchboard.signal(transport, signal),
      send: (datagram) => {
        switchboard.send(transport, datagram);
        return transport.state === 'open';
      },
      bufferedBytes: () => 0,
      close: () => switchboard.close(transport),
    };
  };

/** A machine that asks for the same moment more often than this would keep the simulation there for ever. */
const STEPS_AT_ONE_MOMENT_MAX = 10_000;

/** Steps the clock until the promise is settled; between steps all that waits for promises runs. */
async function settled<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let pending = true;
  const done = (): void => {
    pending = false;
  };
  promise.then(done, done);
  let steps = 0;
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!pending) return promise;
    const beforeMs = clock.now;
    if (!clock.step()) throw new Error('nothing will ever happen again');
    steps = clock.now === beforeMs ? steps + 1 : 0;
    if (steps > STEPS_AT_ONE_MOMENT_MAX) throw new Error(`time stands still at ${clock.now} virtual ms`);
  }
}
