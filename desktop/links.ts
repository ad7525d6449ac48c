// What can be opened with the app: a pool's link, a link of its own scheme, or a bare code.
import { parseInvited, parsePoolCode } from '../src/wire/pool-code.ts';

/** Where a link leads. */
export interface Led {
  /** The server's app as people open it, without a slash at its end; undefined if the link does not say. */
  readonly server: string | undefined;
  /** After the address: `#POOL`, or an invitation. */
  readonly fragment: string;
}

/** Of all that may be opened: an invitation has some 150. */
const LINK_LETTERS_MAX = 2048;
const LOCAL = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/iu;

/** `https://HOST/#POOL`, `rockpool://HOST/#POOL` (`http` where HOST is this machine) or `POOL`. Undefined for anything else. */
export function readLink(text: string): Led | undefined {
  const link = text.trim();
  if (link.length > LINK_LETTERS_MAX) return undefined;
  const hash = link.indexOf('#');
  const [address, said] = hash < 0 ? ['', link] : [link.slice(0, hash), link.slice(hash + 1)];
  const invited = parseInvited(`#${said}`);
  const pool = parsePoolCode(invited?.pool ?? said);
  if (pool === undefined) return undefined;
  const fragment = `#${invited === undefined ? pool : said}`;
  if (address === '') return { server: undefined, fragment };
  const server = readServer(address);
  return server === undefined ? undefined : { server, fragment };
}

/** A server's app as people open it, or by the app's own scheme, without a slash at its end; undefined for anything else. */
export function readServer(address: string): string | undefined {
  const own = /^rockpool:\/\/([^/?#]+)(\/[^?#]*)?$/iu.exec(address.trim());
  const [, ownHost = '', ownPath = ''] = own ?? [];
  const whole = own === null ? address.trim() : `${LOCAL.test(ownHost) ? 'http' : 'https'}://${ownHost}${ownPath}`;
  if (!URL.canParse(whole)) return undefined;
  const { protocol, host, pathname, username, password, search } = new URL(whole);
  if (!/^https?:$/u.test(protocol) || username !== '' || password !== '' || search !== '') return undefined;
  return `${protocol}//${host}${pathname.replace(/\/+$/u, '')}`;
}

/** The link that `led` is of, for a window that is told of it. */
export const wholeLink = ({ server, fragment }: Led, ownServer: string): string => `${server ?? ownServer}/${fragment}`;
