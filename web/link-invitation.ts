// Links that make a device one of somebody's: `#link=POOL/CODE`, beside links of pools. Part of the first load.
import { parsePoolCode } from '../src/wire/pool-code.ts';

export interface LinkInvitationParts {
  readonly pool: string;
  /** Words of the invitation. */
  readonly code: string;
}

const LINK = /#link=([^/\s]+)\/([a-z]+(?:-[a-z]+)+)$/u;

/** The fragment of such a link, without the `#`. */
export const linkFragment = ({ pool, code }: LinkInvitationParts): string => `link=${pool}/${code}`;

/** The pool and the words in a whole link or its fragment (with its `#`); undefined if it is none. */
export function parseLinkInvitation(text: string): LinkInvitationParts | undefined {
  const [, place, code] = LINK.exec(text.slice(0, 2048).trim().toLowerCase()) ?? [];
  const pool = place === undefined ? undefined : parsePoolCode(place);
  return pool === undefined || code === undefined ? undefined : { pool, code };
}
