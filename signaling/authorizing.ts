// Asks the session hooks: so many at once, for so long, and whatever they do nobody but the asker feels it.
import type { FastifyBaseLogger } from 'fastify';
import { endCode, isSubject, type JoinAsked, type SessionHooks, type Subject, type Verdict } from './hooks.ts';
import { isFrom } from './moderation/address-subject.ts';

/** Questions under way: what a session manager with 100 ms answers 10,000 times a second. */
const ASKED_MAX = 1024;
/** When those beyond are to come back, ms. */
const RETRY_MS = 2_000;

/** `ended`: with which code its session would be closed if it had begun. */
export type Outcome = Verdict | { readonly kind: 'ended'; readonly code: ReturnType<typeof endCode> };

export class Authorizing {
  readonly #hooks: SessionHooks;
  readonly #authorizeMs: number;
  readonly #logger: FastifyBaseLogger;
  /** One list for each question under way: whose sessions were ended meanwhile. */
  readonly #asked = new Set<Subject[]>();

  constructor(hooks: SessionHooks, authorizeMs: number, logger: FastifyBaseLogger) {
    this.#hooks = hooks;
    this.#authorizeMs = authorizeMs;
    this.#logger = logger;
  }

  /** Never rejects. */
  async ask(asked: JoinAsked): Promise<Outcome> {
    if (this.#asked.size >= ASKED_MAX) return { kind: 'refused', code: 'busy', retryMs: RETRY_MS };
    const revoked: Subject[] = [];
    this.#asked.add(revoked);
    const verdict = await this.#verdict(asked);
    this.#asked.delete(revoked);
    if (verdict.kind === 'refused') return verdict;
    // The answer may be from before that.
    const { device, pool, address } = asked;
    const of = { device, account: verdict.account, pool };
    const ended = revoked.find((subject) => isSubject(subject, of) || isFrom(subject, address));
    return ended === undefined ? verdict : { kind: 'ended', code: endCode(ended) };
  }

  /** Sessions of `subject` end: also those that are just about to begin. */
  revoke(subject: Subject): void {
    for (const revoked of this.#asked) revoked.push(subject);
  }

  async #verdict(asked: JoinAsked): Promise<Verdict> {
    const abort = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer within ${this.#authorizeMs} ms`));
        abort.abort();
      }, this.#authorizeMs);
    });
    try {
      const verdict = await Promise.race([this.#hooks.authorize(asked, abort.signal), late]);
      if (verdict.kind === 'admitted' && Number.isNaN(verdict.untilMs)) throw new TypeError('untilMs: not a number');
      return verdict;
    } catch (error) {
      this.#logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'authorize failed');
      return { kind: 'refused', code: 'unavailable' };
    } finally {
      clearTimeout(timer);
    }
  }
}
