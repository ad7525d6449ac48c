// One request to the server's accounts. What it refuses becomes an AccountProblem with its code and its sentence.
import { AccountProblem } from '../../src/io/account-ticket.ts';

/** A part of a longer list. `next`: what the part after it is asked with; undefined: this is the end. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** `path`: below `api/`. `body`: a picture as it is, anything else as JSON. Rejects with an AccountProblem. */
export async function call<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
  const content = body !== undefined && (body instanceof Blob ? body : new Blob([JSON.stringify(body)], JSON_TYPE));
  // A blob names its type itself.
  const response = await fetch(apiUrl(path), { method, ...(content && { body: content }) }).catch(() => {
    throw new AccountProblem('unreachable', 'The server cannot be reached. Try again in a moment.', true);
  });
  // Whatever stands in between may answer with a page of its own.
  const said = await response.json().catch(() => undefined);
  if (response.ok && said !== undefined) return said;
  const message = String(said?.message ?? 'The server did not understand this page. Reload it.');
  throw new AccountProblem(String(said?.code), message, response.status >= 500 || response.status === 429);
}

const JSON_TYPE = { type: 'application/json' };

/** `path`: below `api/`. */
export const apiUrl = (path: string): URL => new URL(`api/${path}`, document.baseURI);
