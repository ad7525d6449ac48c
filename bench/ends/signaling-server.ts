// The servers that `signaling` compares with, each alone in a process: `node signaling-server.js ws|peerjs PORT`.
// Bare `ws` knows nothing but numbers: what comes from the socket opened as /?n goes to n ^ 1, as it is.
import { PeerServer } from 'peer';
import { WebSocketServer, type WebSocket } from 'ws';

/** PeerJS's own is 5,000. */
const SOCKETS_MAX = 20_000;

const [contender, port] = [process.argv[2], Number(process.argv[3])];
const tell = (): void => console.log('{"event":"listening"}');
if (contender === 'peerjs') {
  PeerServer({ host: '127.0.0.1', port, path: '/', concurrent_limit: SOCKETS_MAX }, tell);
} else {
  const sockets = new Map<number, WebSocket>();
  const server = new WebSocketServer(
    { host: '127.0.0.1', port, perMessageDeflate: false, clientTracking: false },
    tell,
  );
  server.on('connection', (socket, request) => {
    const number = Number(request.url?.split('?')[1]);
    sockets.set(number, socket);
    socket.on('message', (data, binary) => sockets.get(number ^ 1)?.send(data, { binary }));
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(number));
  });
}
