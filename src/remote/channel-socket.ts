// A window's channel to its host over the browser's own WebSocket.
import type { Channel } from './channel.ts';

/** Of a socket that opens or is open. The host speaks first: nothing is sent before it is open. */
export function socketChannel(socket: WebSocket): Channel {
  socket.binaryType = 'arraybuffer';
  return {
    send(bytes) {
      // A view of shared memory is none that a socket takes; nobody makes one here.
      if (socket.readyState === socket.OPEN) socket.send(new Uint8Array(bytes));
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    onMessage(listener) {
      socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (data instanceof ArrayBuffer) listener(new Uint8Array(data));
        else socket.close();
      });
    },
    onClose: (listener) => socket.addEventListener('close', () => listener(), { once: true }),
    close: () => socket.close(),
  };
}
