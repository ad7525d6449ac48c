// How a window and its host reach each other: whole messages, in order, none lost while it is open. A websocket, made into this by
// each side.

export interface Channel {
  /** Does nothing once closed. */
  send(bytes: Uint8Array): void;
  /** Given to `send` and not yet on its way. */
  readonly bufferedBytes: number;
  /** To be set at once: nothing is kept for later. */
  onMessage(listener: (bytes: Uint8Array) => void): void;
  /** Once, whichever side closed it. */
  onClose(listener: () => void): void;
  close(): void;
}
