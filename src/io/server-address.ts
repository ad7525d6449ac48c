// A server's two addresses: the one that people open, and the one of its websocket.

/** `http(s)://host[/path]` or `ws(s)://host[/ws]` to the websocket's address: path `/ws`. Undefined for anything else. */
export function websocketAddress(server: string): string | undefined {
  if (!URL.canParse(server.trim())) return undefined;
  const url = new URL(server.trim());
  const scheme = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' }[url.protocol];
  if (scheme === undefined || url.username !== '' || url.password !== '') return undefined;
  const path = url.pathname.replace(/\/+$/u, '');
  return `${scheme}//${url.host}${path.endsWith('/ws') ? path : `${path}/ws`}`;
}

/** Of the app, without a slash at its end. `websocket`: as websocketAddress gives it. */
export const appAddress = (websocket: string): string => websocket.replace(/^ws/u, 'http').replace(/\/ws$/u, '');
