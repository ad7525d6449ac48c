// One HTTP question of a program's, not a page's: bounded in time and bytes, and nothing followed.

/** For one answer, ms. */
export const ASK_PATIENCE_MS = 10_000;
/** Bytes of an answer that are read: the app's page has a thousand. */
const ANSWER_BYTES_MAX = 64 * 1024;

export interface HttpAsked {
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  /** Of a redirection. */
  readonly location: string | undefined;
  /** As they were set, with all that is said of them. */
  readonly cookies: readonly string[];
  readonly body: string;
}

/** Rejects as fetch does. */
export async function askHttp(url: string, asked: HttpAsked = {}): Promise<HttpAnswer> {
  const response = await fetch(url, { ...asked, redirect: 'manual', signal: AbortSignal.timeout(ASK_PATIENCE_MS) });
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= ANSWER_BYTES_MAX) break;
  }
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    location: response.headers.get('location') ?? undefined,
    cookies: response.headers.getSetCookie(),
    body: Buffer.concat(parts).toString(),
  };
}

/** The object that `body` is as JSON; undefined if it is none. */
export function objectIn(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
