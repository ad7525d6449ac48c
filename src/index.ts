// Rockpool as a library: meet in a pool, talk, and share files directly, device to device.
//
//   const client = new PoolClient({ server: 'wss://pool.example/ws', name: 'Mara', device: 'browser', keys, platform });
//   client.subscribe((event) => …);         // joined, peer-joined, message, offer, transfer, …
//   await client.join('quiet-heron-4821');  // one pool at a time
//   await client.say('hello');              // signed, sealed, kept; `client.talk` has rooms, whispers, history and more
//   await client.offer([file]);             // to all who are there, and who come; with { to } to some alone
//   client.accept(offerId);
//
//   const stream = client.control({         // inputs at a fixed rate: each in time or not at all
//     stream: 1, up: pointerSchema, hz: 60, deadlineMs: 150, source: pointerSource(board),
//     onFrame: (peer, { x, y }, { newest }) => …,
//   });
//
// A platform is a transport (WebRTC), a store (where file bytes live) and a websocket: `browserTransport` and the app's
// worker store in browsers, `nodeTransport` and `FileStore` on Node, and a `TalkStore` for what is said. The machines underneath (Pool, Link) do no I/O and
// may be driven by anything that has a clock; ARCHITECTURE.md shows how.
export { PoolClient } from './client.ts';
export { deviceIdOf, exportDeviceKeys, generateDeviceKeys, importDeviceKeys } from './keys/identity.ts';
export type { DeviceKeys, ExportedKeys } from './keys/identity.ts';
export type { Datagrams, OfferOptions, Platform, PoolClientFace, PoolClientOptions, SignedReport } from './client.ts';
export type { PoolEvent, PeerView, MessageView, OfferView, TransferView, PeerId, DeviceKind } from './pool/views.ts';
export type { ControlStats, ControlStream, ControlStreamOptions, FrameInfo } from './client.ts';
export type { PoolStats, LinkReport, LinkRates, LinkStats, ClockReport, ControlReport } from './pool/views.ts';
export type { FoundView, LinkInvitation, SayOptions, TalkFace, TalkHistory } from './client.ts';
export type { GapView, MemberView, ReceiptView, RoomView, TalkEvent } from './client.ts';
export { OFFENCES, TalkError } from './client.ts';
export type { Offence } from './client.ts';
export { MemoryTalkStore } from './io/talk-memory.ts';
export type { TalkStore } from './io/talk-store.ts';
export { StoreError } from './io/store.ts';
export type { FileFacts, Store, StoreErrorCode } from './io/store.ts';
export type { Transport, TransportFactory, TransportHandlers, TransportOptions, PathKind } from './io/transport.ts';
export { Pool } from './pool/pool.ts';
export { Link } from './link/link.ts';
export type { LinkInput, LinkOutput, SendResult } from './link/link.ts';
export { SchemaRegistry, templateSchema } from './wire/registry.ts';
export type { DatagramSchema, Decoded, Encoded, SchemaCode, SchemaFailure } from './wire/registry.ts';
export type { Cursor } from './wire/cursor.ts';
export type { Seal } from './wire/seal.ts';
export { aesGcmSeal } from './wire/seal-aes-gcm.ts';
export type { AesGcm } from './wire/seal-aes-gcm.ts';
export { ClockSync } from './clock/clock-sync.ts';
export type { TimeSample } from './clock/clock-sync.ts';
export { heldKeys, gamepadSchema, keyboardSchema, pointerSchema, syntheticSchema, UNIT } from './io/control-frames.ts';
export { gamepadSource, keyboardSource, pointerSource, syntheticSource } from './io/control-sources.ts';
export type { ControlSource } from './io/control-sources.ts';
export { InputBatch, readBatch } from './control/batch.ts';
export { parsePoolCode, poolLink } from './wire/pool-code.ts';
