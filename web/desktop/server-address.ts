// What a person types or pastes as a server: an address as people open it, or a whole link of a pool. Pure.

/** A loopback or private address: nobody has a certificate for those. */
const NEAR = /^(?:localhost(?![\w.-])|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[)/u;

/**
 * The app's address without query, fragment and slashes at its end, as HostFace.useServer takes it; undefined if it is none.
 * Without a scheme, or with the app's own, it is https, or http for an address nearby. A bare word is a pool's code sooner than a server.
 */
export function readServer(text: string): string | undefined {
  const typed = text.slice(0, 2048).trim();
  const scheme = /^([a-z][a-z\d+.-]*):\/\//iu.exec(typed)?.[1]?.toLowerCase();
  if (typed === '' || /\s/u.test(typed)) return undefined;
  if (scheme !== undefined && !/^(?:https?|wss?|rockpool)$/u.test(scheme)) return undefined;
  const rest = scheme === undefined ? typed : typed.slice(scheme.length + 3);
  const secure = scheme === undefined || scheme === 'rockpool' ? !NEAR.test(rest) : /^(?:https|wss)$/u.test(scheme);
  const url = parsed(`${secure ? 'https' : 'http'}://${rest}`);
  if (url === undefined || url.username !== '' || url.password !== '') return undefined;
  if (scheme === undefined && !/[.:]/u.test(url.host) && url.hostname !== 'localhost') return undefined;
  // The websocket's path and the page's file name are not where the app is.
  return url.origin + url.pathname.replace(/\/(?:ws|index\.html)$/u, '').replace(/\/+$/u, '');
}

/** The server of a whole link, as `https://pool.example/#quiet-heron`; undefined for what is none. */
export function serverOfLink(text: string): string | undefined {
  return /^\s*(?:https?|wss?|rockpool):\/\/[^#]+#./iu.test(text) ? readServer(text) : undefined;
}

/** As it is shown: without what goes without saying. */
export const shownServer = (server: string): string => server.replace(/^https:\/\//u, '');

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
