// An example of another session manager: asks one over HTTP. `POST url` with a shared bearer, JSON both ways; what is asked and
// what may be answered: docs/hooks.md. Comings and goings are told in their order, one at a time, and given up if they pile up.
import { z } from 'zod';
import { TICKET_BOUNDS } from '../src/keys/ticket.ts';
import type { JoinAsked, Seat, SessionHooks, Vacated, Verdict } from './hooks.ts';

export interface HttpHooksOptions {
  /** `https:`, or `http:` on the same machine: it carries tickets and names. */
  readonly url: string;
  /** Shown as `Authorization: Bearer`. */
  readonly bearer: string;
  /** For one answer, ms, 10 to 60,000. Default 2,000. */
  readonly timeoutMs?: number;
  /** Called with what went wrong when something could not be told. */
  readonly onTrouble?: (problem: string) => void;
}

/** Bytes of an answer: the longest valid one has less than 2,000. */
const ANSWER_BYTES_MAX = 16 * 1024;
/** Comings and goings that wait to be told. */
const WAITING_MAX = 10_000;

const ANSWER = z.discriminatedUnion('verdict', [
  z.strictObject({
    verdict: z.literal('admitted'),
    account: z.string().min(1).max(TICKET_BOUNDS.account).optional(),
    role: z.enum(['owner', 'member', 'listener']).optional(),
    zones: z.array(z.string().min(1).max(TICKET_BOUNDS.zone)).max(TICKET_BOUNDS.zones).default([]),
    /** Ms since 1970. */
    untilMs: z.number().int().nonnegative().optional(),
  }),
  z.strictObject({
    verdict: z.literal('refused'),
    code: z.enum(['ticket', 'expired', 'denied', 'busy', 'unavailable']),
    retryMs: z.number().int().min(0).max(600_000).optional(),
  }),
]);

/** Throws a TypeError if `url` is none of http: or https:. */
export function httpHooks({ url, bearer, timeoutMs = 2_000, onTrouble = () => {} }: HttpHooksOptions): SessionHooks {
  if (!/^https?:$/.test(new URL(url).protocol)) throw new TypeError(`url: expected http: or https:, got ${url}`);
  const post = async (body: object, signal: AbortSignal): Promise<Uint8Array> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal,
    });
    const answer = await bounded(response);
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return answer;
  };

  const waiting: object[] = [];
  let telling = false;
  const tell = async (body: object): Promise<void> => {
    if (waiting.length >= WAITING_MAX) return onTrouble('too much waits to be told');
    waiting.push(body);
    if (telling) return;
    telling = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await post(next, AbortSignal.timeout(timeoutMs)).catch((error: unknown) => onTrouble(String(error)));
    }
    telling = false;
  };

  return {
    authorize: async (asked: JoinAsked, signal: AbortSignal): Promise<Verdict> => {
      const answer = await post(
        { event: 'authorize', ...asked },
        AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      );
      return verdictOf(ANSWER.parse(JSON.parse(new TextDecoder().decode(answer))));
    },
    onJoin: (seat) => void tell({ event: 'joined', ...told(seat) }),
    onLeave: (seat, why: Vacated) => void tell({ event: 'left', why, ...told(seat) }),
  };
}

function told({ pool, member, grant }: Seat): object {
  const { id: device, name, device: kind, role } = member;
  return { pool, device, name, kind, role, account: grant.account, zones: grant.zones };
}

function verdictOf(answer: z.infer<typeof ANSWER>): Verdict {
  if (answer.verdict === 'refused') {
    const { code, retryMs } = answer;
    return { kind: 'refused', code, ...(retryMs !== undefined && { retryMs }) };
  }
  const { account, role, zones, untilMs } = answer;
  return {
    kind: 'admitted',
    zones,
    ...(account !== undefined && { account }),
    ...(role !== undefined && { role }),
    ...(untilMs !== undefined && { untilMs }),
  };
}

/** The body, which is let go of as soon as it is too long. */
async function bounded(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`answered more than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
