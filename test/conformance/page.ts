// The page at a browser end: makes probes over the browser's transport when the test asks for them. Bundled by places.ts.
import { browserTransport } from '../../src/io/link-browser.ts';
import type { Signal } from '../../src/io/transport.ts';
import { PROBES, type ProbeKind, type Probes } from './probes.ts';

declare global {
  /** Bound by the test: takes what the end numbered `end` has to tell the other. */
  var conformanceSignal: (end: number, signal: Signal) => Promise<void>;
  var conformance: {
    readonly ends: Map<number, Probes[ProbeKind]>;
    open(end: number, kind: ProbeKind, initiator: boolean): void;
  };
}

const ends = new Map<number, Probes[ProbeKind]>();

globalThis.conformance = {
  ends,
  open(end, kind, initiator) {
    ends.set(
      end,
      PROBES[kind](browserTransport, { initiator }, (signal) => void globalThis.conformanceSignal(end, signal)),
    );
  },
};
