// The host's channel to one of its windows: a socket of `ws`. Its server bounds messages with `maxPayload` (REQUEST_BYTES_MAX).
import type { WebSocket } from 'ws';
import type { Channel } from '../src/remote/channel.ts';

/** How long a window has to answer that it closes too, ms: one that does not read would hold its socket for ever. */
const CLOSE_MS = 1000;

/** Of a socket that is open. */
export function wsChannel(socket: WebSocket): Channel {
  // Every failure of a socket is followed by its end, which is what is listened to.
  socket.on('error', () => undefined);
  return {
    send: (bytes) => {
      if (socket.readyState === socket.OPEN) socket.send(bytes);
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    onMessage: (listener) => {
      socket.on('message', (data, isBinary) => {
        if (!isBinary || !(data instanceof Buffer)) return socket.terminate();
        listener(new Uint8Array(data.buffer, data.byteOffset, data.length));
      });
    },
    onClose: (listener) => void socket.once('close', () => listener()),
    close: () => {
      socket.close();
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    },
  };
}
