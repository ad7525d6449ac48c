// A small real reverse proxy for tests, which can be told to forget what operators forget.
import { createServer, request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';

export interface ProxyManners {
  /** The port it passes to. */
  readonly port: number;
  /** Whether upgrades get through. Default true. */
  readonly upgrades?: boolean;
  /** Whether the Host header is kept. Default true. */
  readonly host?: boolean;
  /** What becomes of X-Forwarded-For; `believe`: it is written only where there is none. Default `add`. */
  readonly forwarded?: 'add' | 'believe' | 'keep' | 'drop';
}

export interface RunningProxy {
  readonly url: string;
  close(): Promise<void>;
}

export async function startProxy(manners: ProxyManners): Promise<RunningProxy> {
  const { port, upgrades = true } = manners;
  const server = createServer((request, response) => {
    const { method, url } = request;
    const onward = ask(
      { port, host: '127.0.0.1', method, path: url, headers: headersOf(request, manners) },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(502).end('Bad gateway'));
    request.pipe(onward);
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    if (!upgrades) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const onward = connect(port, '127.0.0.1', () => {
      const lines = Object.entries(headersOf(request, manners)).map(([name, value]) => `${name}: ${String(value)}`);
      onward.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function headersOf({ headers, socket }: IncomingMessage, manners: ProxyManners): IncomingHttpHeaders {
  const { port, host = true, forwarded = 'add' } = manners;
  const { 'x-forwarded-for': said, ...rest } = headers;
  const adds = forwarded === 'add' || (forwarded === 'believe' && said === undefined);
  const listed = [said ?? [], adds ? [socket.remoteAddress ?? ''] : []].flat();
  return {
    ...rest,
    ...(!host && { host: `127.0.0.1:${port}` }),
    ...(forwarded !== 'drop' && listed.length > 0 && { 'x-forwarded-for': listed.join(', ') }),
  };
}
