// The backhaul's websocket on Node. Node only.
import { WebSocket as NodeSocket } from 'ws';
import { SERVER_FRAME_BYTES_MAX } from '../wire/signaling.ts';

/** The default would take frames of 100 MiB from a server; ours are small, and not worth compressing. */
const SOCKET = { maxPayload: SERVER_FRAME_BYTES_MAX, perMessageDeflate: false } as const;

/** The backhaul uses only what `ws` shares with the browser's class; their types differ in the rest. */
export const openSocket = (url: string): WebSocket => new NodeSocket(url, SOCKET) as unknown as WebSocket;
