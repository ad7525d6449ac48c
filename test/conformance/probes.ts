// The kinds of probe an end can host. A new kind is added here and is then at hand in Node and in pages alike.
import type { Signal, TransportFactory } from '../../src/io/transport.ts';
import { LinkProbe } from './link-probe.ts';
import { TransportProbe, type ProbeOptions } from './probe.ts';

export interface Probes {
  readonly transport: TransportProbe;
  readonly link: LinkProbe;
}
export type ProbeKind = keyof Probes;

type Maker<P> = (factory: TransportFactory, options: ProbeOptions, emit: (signal: Signal) => void) => P;

export const PROBES: { readonly [K in ProbeKind]: Maker<Probes[K]> } = {
  transport: (factory, options, emit) => new TransportProbe(factory, options, emit),
  link: (factory, options, emit) => new LinkProbe(factory, options, emit),
};
