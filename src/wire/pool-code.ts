// Pool codes: what people type, paste or follow as a link to meet.

const CODE = /^[a-z0-9](?:[a-z0-9-]{1,62}[a-z0-9])$/;

/**
 * The normalized code in what a person typed or pasted: a code in any case, with spaces for hyphens, or a whole
 * pool link (`https://host/#code`). 3 to 64 characters of a-z, 0-9 and hyphens, no hyphen at either end.
 * Undefined if there is none.
 */
export function parsePoolCode(text: string): string | undefined {
  const trimmed = text.slice(0, 2048).trim();
  const hash = trimmed.indexOf('#');
  const code = (hash >= 0 ? trimmed.slice(hash + 1) : trimmed)
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '-');
  return CODE.test(code) ? code : undefined;
}

/** The link that opens `pool` at `origin`. The code stands in the fragment, which browsers never send. */
export function poolLink(origin: string, pool: string): string {
  return `${origin.replace(/\/+$/, '')}/#${pool}`;
}

const INVITED = /#invited=([^/\s]+)\/([\w-]{43})$/u;

/** The fragment of a link that invites to a pool, without the `#`. */
export const invitedFragment = (pool: string, token: string): string => `invited=${pool}/${token}`;

/** The pool and the invitation in a link or its fragment (with its `#`); undefined if it is none. */
export function parseInvited(text: string): { readonly pool: string; readonly token: string } | undefined {
  const [, pool, token] = INVITED.exec(text.slice(0, 2048).trim()) ?? [];
  return pool === undefined || token === undefined ? undefined : { pool, token };
}
