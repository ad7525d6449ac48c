// Rockpool as a library: meet in a pool, talk, and share files directly, device to device.
//
//   const client = new PoolClient({ server: 'wss://pool.example/ws', name: 'Mara', device: 'browser', secret, platform });
//   client.subscribe((event) => …);         // joined, peer-joined, message, offer, transfer, …
//   await client.join('quiet-heron-4821');  // one pool at a time
//   client.say('hello');
//   await client.offer([file]);             // to all who are there, and who come
//   client.accept(offerId);
//
// A platform is a transport (WebRTC), a store (where file bytes live) and a websocket: `browserTransport` and the app's
// worker store in browsers, `nodeTransport` and `FileStore` on Node. The machines underneath (Pool, Link) do no I/O and
// may be driven by anything that has a clock; ARCHITECTURE.md shows how.
export { PoolClient, deviceId } from './client.ts';
export type { Platform, PoolClientFace, PoolClientOptions } from './client.ts';
export type { PoolEvent, PeerView, MessageView, OfferView, TransferView, PeerId, DeviceKind } from './pool/views.ts';
export { StoreError } from './io/store.ts';
export type { FileFacts, Store, StoreErrorCode } from './io/store.ts';
export type { Transport, TransportFactory, TransportHandlers, TransportOptions, PathKind } from './io/transport.ts';
export { Pool } from './pool/pool.ts';
export { Link } from './link/link.ts';
export { parsePoolCode, poolLink } from './wire/pool-code.ts';
