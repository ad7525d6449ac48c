// One request to the server's accounts. What it refuses becomes an Error with its code and its sentence.

/** `code`: as PROTOCOL.md lists them, or `unreachable`. */
export class ApiProblem extends Error {
  readonly code: string;
  /** Whether the same may well succeed a little later. */
  readonly passes: boolean;

  constructor(code: string, message: string, passes: boolean) {
    super(message);
    this.name = 'ApiProblem';
    this.code = code;
    this.passes = passes;
  }
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** `path`: below `api/`. Rejects with an ApiProblem. */
export async function call<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
  const json = body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(new URL(`api/${path}`, document.baseURI), { method, ...json }).catch(() => {
    throw new ApiProblem('unreachable', 'The server cannot be reached. Try again in a moment.', true);
  });
  const said = await response.json().catch(() => ({}));
  if (response.ok) return said;
  const message = String(said.message ?? 'The server did not understand this page. Reload it.');
  throw new ApiProblem(String(said.code), message, response.status >= 500 || response.status === 429);
}
