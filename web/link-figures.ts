// How a connection is doing, in words and figures that people can read: one line for each.
import type { LinkReport, PeerView } from '../src/client.ts';
import { formatBytes, formatMs, formatShare } from './format.ts';

export interface Figure {
  readonly label: string;
  readonly value: string;
}

/** Stands where nothing has been measured yet. */
const UNKNOWN = '–';

const paths: Readonly<Record<PeerView['path'], string>> = {
  connecting: 'connecting…',
  direct: 'direct',
  relayed: 'through a relay',
};

/** The same lines in the same order, with or without a report: nothing moves when the first one comes. */
export function linkFigures(path: PeerView['path'], report: LinkReport | undefined): readonly Figure[] {
  // While a link is being built or rebuilt, what it counted before is no news.
  const live = path === 'connecting' ? undefined : report;
  // Before the first round trip the link works with a guess.
  const timed = live?.total.rttHistogram.some((count) => count > 0) === true ? live : undefined;
  return [
    { label: 'Path', value: paths[path] },
    { label: 'Sending', value: speed(live?.rates.sentBytesPerSecond) },
    { label: 'Receiving', value: speed(live?.rates.receivedBytesPerSecond) },
    { label: 'Round trip', value: timed === undefined ? UNKNOWN : formatMs(timed.total.srttMs) },
    { label: 'Waiting in queues', value: timed === undefined ? UNKNOWN : formatMs(timed.total.queueMs) },
    { label: 'Lost on the way', value: timed === undefined ? UNKNOWN : formatShare(timed.total.lossRatio) },
    { label: 'Lanes', value: live === undefined ? UNKNOWN : String(live.total.lanes) },
  ];
}

function speed(bytesPerSecond: number | undefined): string {
  return bytesPerSecond === undefined ? UNKNOWN : `${formatBytes(bytesPerSecond)}/s`;
}
