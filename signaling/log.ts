// What the server logs: JSON lines, never names, pools, addresses or anything that peers say. What happens often is counted:
// each warning is written once a minute, with how often it came again in the line of counts that closes the minute.
import { pino, type DestinationStream, type Logger } from 'pino';
import type { HubFigures } from './hub-ports.ts';
import type { LogLevel } from './options.ts';

export interface ServerLog {
  readonly logger: Logger;
  /** Closes a minute: writes what came since the last call, and forgets what was written already. */
  minute(figures: HubFigures): void;
}

/** Different messages that are told apart: there are some ten. */
const MESSAGES_MAX = 100;

export function openServerLog(level: LogLevel, to: DestinationStream): ServerLog {
  const seen = new Map<string, number>();
  let before: HubFigures | undefined;
  const logger = pino(
    {
      level,
      base: null,
      hooks: {
        logMethod(args, method, number) {
          // pino's numbers: 40 is a warning, 50 an error.
          if (number >= 40 && number <= 50 && !isFirst(seen, String(args[1] ?? args[0]))) return;
          method.apply(this, args);
        },
      },
    },
    to,
  );
  return {
    logger,
    minute: (figures) => {
      const again = [...seen].filter(([, times]) => times > 0);
      seen.clear();
      logger.info(
        { ...counts(figures, before), ...(again.length > 0 && { again: Object.fromEntries(again) }) },
        'a minute',
      );
      before = figures;
    },
  };
}

function isFirst(seen: Map<string, number>, message: string): boolean {
  const times = seen.get(message);
  if (times === undefined && seen.size >= MESSAGES_MAX) return false;
  seen.set(message, times === undefined ? 0 : times + 1);
  return times === undefined;
}

/** What there is now, and what came since `before`. */
function counts(now: HubFigures, before: HubFigures | undefined): object {
  const { sockets, pools, members, away } = now;
  const closedBefore: Readonly<Record<string, number>> = before?.closed ?? {};
  const closed = Object.entries(now.closed).map(([code, times]) => [code, times - (closedBefore[code] ?? 0)] as const);
  return {
    sockets,
    pools,
    members,
    away,
    joins: now.joins - (before?.joins ?? 0),
    resumes: now.resumes - (before?.resumes ?? 0),
    relayed: now.relayed - (before?.relayed ?? 0),
    relaysDropped: now.relaysDropped - (before?.relaysDropped ?? 0),
    closed: Object.fromEntries(closed.filter(([, times]) => times > 0)),
  };
}
