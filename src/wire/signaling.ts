// Signaling messages as plain unions, and their encoding (schema/signaling.proto). Decoding bounds every field.
// What each message means and who may send it when: PROTOCOL.md; the rules themselves live in signaling/hub.ts.
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { readCarried, RELAY, RELAYED, writeCarried, type Carried, type CarriedSignal } from './carried.ts';
import { PROTOCOL_VERSION } from './codes.ts';
import { KEY_BYTES, SIGNATURE_BYTES } from './entry.ts';
import { joined } from './bytes.ts';
import { parsePoolCode } from './pool-code.ts';
import { ClientMessageSchema, ServerMessageSchema } from './gen/signaling_pb.ts';
import type { IceServer as WireIceServer, Peer as WirePeer } from './gen/signaling_pb.ts';

/** A STUN or TURN server, as WebRTC configuration takes it. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/** One step of WebRTC negotiation. */
export type Signal =
  | { readonly kind: 'offer' | 'answer'; readonly sdp: string }
  | { readonly kind: 'candidate'; readonly candidate: string; readonly mid: string };

/**
 * `owner`: who says what goes for all; where nobody else decides, the device that came first, for as long as anybody is in the
 * pool. `listener`: reads and receives, and neither writes in the pool's own room nor offers.
 */
export type Role = 'owner' | 'member' | 'listener';

/** A member, as the server knows it. `id` is 32 hex digits. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly device: string;
  readonly role: Role;
}

/** `attempt` (u32) names the PeerConnection a signal belongs to; the initiator draws it. */
export type ClientMessage =
  | {
      readonly kind: 'join';
      readonly version: number;
      readonly pool: string;
      readonly name: string;
      readonly device: string;
      /** Ed25519 key, 32 bytes: the device's id follows from it. */
      readonly signKey: Uint8Array;
      /** Of `joinBytes`, under LABELS.join (src/keys/identity.ts). */
      readonly signature: Uint8Array;
      /** 1 to TICKET_CHARACTERS_MAX characters, of whoever lets devices in (signaling/hooks.ts). */
      readonly ticket?: string;
    }
  | { readonly kind: 'leave' }
  | { readonly kind: 'relay'; readonly peer: string; readonly attempt: number; readonly signal: Signal }
  /** What time is it? `t0Ms`: when it left, on a clock of the sender's own that began before, ms. */
  | { readonly kind: 'time'; readonly t0Ms: number };

export type ServerMessage =
  /** First of all. `nonce`: what every join through this socket signs. */
  | { readonly kind: 'challenge'; readonly nonce: Uint8Array }
  | {
      readonly kind: 'welcome';
      readonly self: string;
      readonly pool: string;
      /** This device's own. */
      readonly role: Role;
      readonly peers: readonly Member[];
      readonly iceServers: readonly IceServer[];
    }
  | { readonly kind: 'peer-joined'; readonly peer: Member }
  | { readonly kind: 'peer-left'; readonly id: string; readonly lost: boolean }
  | { readonly kind: 'relayed'; readonly peer: string; readonly attempt: number; readonly signal: Signal }
  /** `t0Ms` of the question; when that came and when this left, on the server's wall clock, ms since 1970. */
  | { readonly kind: 'timed'; readonly t0Ms: number; readonly t1Ms: number; readonly t2Ms: number };

/** Bytes of one frame to the server; the websocket's own payload limit. The largest valid relay needs a third of it. */
export const CLIENT_FRAME_BYTES_MAX: number = 64 * 1024;
/** Bytes of one frame from the server: room for the largest valid welcome (about 155,000 bytes). */
export const SERVER_FRAME_BYTES_MAX: number = 256 * 1024;
/** Bytes of a challenge: never twice the same, and never guessed. */
export const NONCE_BYTES = 32;
/** Characters (code points) of a name: what a roster row can show. */
export const NAME_CHARACTERS_MAX = 64;
/** Characters of a ticket, printable ASCII without blanks; ours have about 600. */
export const TICKET_CHARACTERS_MAX = 4096;
/** UTF-16 units looked at in a name before cleaning: more than any name that could still come out short enough. */
export const RAW_NAME_UNITS_MAX = 1024;
/** Characters a-z of a device kind. Kinds this version does not know still decode, so that new ones may come. */
export const DEVICE_CHARACTERS_MAX = 16;
/** Characters of a session description; one data channel with many candidates needs about 4,000. */
export const SDP_CHARACTERS_MAX: number = 16 * 1024;
/** Characters of one ICE candidate line; real ones have about 150. */
export const CANDIDATE_CHARACTERS_MAX = 1024;
/** Characters of a media section's name; ours is "0" or "data". */
export const MID_CHARACTERS_MAX = 64;
/** Members listed in a welcome, hence one less than the largest pool: a full mesh is not for more. */
export const PEERS_MAX = 255;
/** ICE servers in a welcome. Browsers warn from five on. */
export const ICE_SERVERS_MAX = 8;
/** Addresses of one ICE server. */
export const ICE_URLS_MAX = 4;
/** Characters of one ICE server's address. */
export const ICE_URL_CHARACTERS_MAX = 256;
/** Characters of an ICE server's user name or credential. */
export const ICE_SECRET_CHARACTERS_MAX = 512;

/** Times in ms, of any clock, from 0 to this: the year 2248. The sum of two is exact to a microsecond. */
export const TIME_MS_MAX: number = 2 ** 43;

const PEER_ID = /^[0-9a-f]{32}$/;
const DEVICE = /^[a-z]+$/;
/** SDP and candidates are ASCII in every implementation; anything else only serves to confuse what reads them. */
const SDP_TEXT = /^[\t\r\n\x20-\x7e]+$/;
const LINE = /^[\x20-\x7e]*$/;
const TICKET = /^[\x21-\x7e]+$/;
const ICE_URL = /^(?:stun|stuns|turn|turns):[\x21-\x7e]+$/;
/** Controls, marks that reorder text, lone surrogates, and blanks of no width, as far as they are not white space. */
const UNSHOWABLE = /(?!\s)[\p{Cc}\p{Bidi_Control}\p{Cs}\u200b\u2060]/gu;
const VISIBLE = /[^\p{Default_Ignorable_Code_Point}\p{Z}\p{M}]/u;

/**
 * A name as it may be shown: controls, bidirectional marks and lone surrogates removed, white space collapsed, ends
 * trimmed; 1 to 64 code points of which at least one is visible. Undefined if nothing fit to show is left.
 * Cleaning a clean name changes nothing.
 */
export function cleanName(text: string): string | undefined {
  if (text.length > RAW_NAME_UNITS_MAX) return undefined;
  const name = text.replace(UNSHOWABLE, '').replace(/\s+/g, ' ').trim();
  return VISIBLE.test(name) && [...name].length <= NAME_CHARACTERS_MAX ? name : undefined;
}

/** `text` as a clean name, or as it is where nothing comes of that: whoever is asked then says what is wrong with it. */
export const tidyName = (text: string): string => cleanName(text) ?? text;

/**
 * What a join signs: `[nonce 32][pool][0][name][0][device]`, UTF-8. None of the three holds a zero. `name` is a clean one:
 * the server checks what it has read.
 */
export function joinBytes(
  nonce: Uint8Array,
  { pool, name, device }: Omit<Member, 'id' | 'role'> & { pool: string },
): Uint8Array {
  return joined(nonce, new TextEncoder().encode([pool, name, device].join('\0')));
}

/** The bytes of `message`, for one binary frame. Throws on an integer that is not a u32. */
export function encodeClient(message: ClientMessage): Uint8Array {
  const body = clientBody(message);
  const relay = body.case === 'relay' ? writeCarried(RELAY, body.value) : undefined;
  return relay ?? toBinary(ClientMessageSchema, create(ClientMessageSchema, { body }));
}

/** The bytes of `message`, for one binary frame. Throws on an integer that is not a u32. */
export function encodeServer(message: ServerMessage): Uint8Array {
  const body = serverBody(message);
  const relayed = body.case === 'relayed' ? writeCarried(RELAYED, body.value) : undefined;
  return relayed ?? toBinary(ServerMessageSchema, create(ServerMessageSchema, { body }));
}

/**
 * The message in `bytes`; undefined if malformed or out of bounds. Of a join of another protocol version only the
 * version is taken, and the rest left blank: its fields may mean anything, and the sender is owed the right code.
 */
export function decodeClient(bytes: Uint8Array): ClientMessage | undefined {
  if (bytes.length > CLIENT_FRAME_BYTES_MAX) return undefined;
  const relay = readCarried(bytes, RELAY);
  const body = relay
    ? ({ case: 'relay', value: relay } as const)
    : parse(() => fromBinary(ClientMessageSchema, bytes, READ).body);
  switch (body?.case) {
    case 'join': {
      const { version, pool, name, device, signKey, signature, ticket } = body.value;
      if (version !== PROTOCOL_VERSION) {
        const none = new Uint8Array(0);
        return { kind: 'join', version, pool: '', name: '', device: '', signKey: none, signature: none };
      }
      const clean = cleanName(name);
      if (clean === undefined || parsePoolCode(pool) !== pool || !isDevice(device)) return undefined;
      if (signKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return undefined;
      if (ticket !== '' && (ticket.length > TICKET_CHARACTERS_MAX || !TICKET.test(ticket))) return undefined;
      // Copies: the fields are views of the frame, and would keep all of its buffer alive.
      const owned = { signKey: Uint8Array.from(signKey), signature: Uint8Array.from(signature) };
      return { kind: 'join', version, pool, name: clean, device, ...owned, ...(ticket !== '' && { ticket }) };
    }
    case 'leave':
      return { kind: 'leave' };
    case 'relay': {
      const signal = readSignal(body.value.signal);
      return signal !== undefined && PEER_ID.test(body.value.peer)
        ? { kind: 'relay', peer: body.value.peer, ...signal }
        : undefined;
    }
    case 'time':
      return isTime(body.value.t0Ms) ? { kind: 'time', t0Ms: body.value.t0Ms } : undefined;
    case undefined:
      return undefined;
  }
}

/** The message in `bytes`; undefined if malformed, out of bounds, or of a kind this version does not know. */
export function decodeServer(bytes: Uint8Array): ServerMessage | undefined {
  if (bytes.length > SERVER_FRAME_BYTES_MAX) return undefined;
  const relayed = readCarried(bytes, RELAYED);
  const body = relayed
    ? ({ case: 'relayed', value: relayed } as const)
    : parse(() => fromBinary(ServerMessageSchema, bytes, READ).body);
  switch (body?.case) {
    case 'challenge': {
      const { nonce } = body.value;
      return nonce.length === NONCE_BYTES ? { kind: 'challenge', nonce: Uint8Array.from(nonce) } : undefined;
    }
    case 'welcome': {
      const { self, pool, role } = body.value;
      if (!PEER_ID.test(self) || parsePoolCode(pool) !== pool || !isRole(role)) return undefined;
      const peers = readAll(body.value.peers, PEERS_MAX, readMember);
      const iceServers = readAll(body.value.iceServers, ICE_SERVERS_MAX, readIceServer);
      return peers && iceServers && { kind: 'welcome', self, pool, role, peers, iceServers };
    }
    case 'peerJoined': {
      const peer = body.value.peer && readMember(body.value.peer);
      return peer && { kind: 'peer-joined', peer };
    }
    case 'peerLeft':
      return PEER_ID.test(body.value.id) ? { kind: 'peer-left', id: body.value.id, lost: body.value.lost } : undefined;
    case 'relayed': {
      const signal = readSignal(body.value.signal);
      return signal !== undefined && PEER_ID.test(body.value.peer)
        ? { kind: 'relayed', peer: body.value.peer, ...signal }
        : undefined;
    }
    case 'timed': {
      const { t0Ms, t1Ms, t2Ms } = body.value;
      return isTime(t0Ms) && isTime(t1Ms) && isTime(t2Ms) ? { kind: 'timed', t0Ms, t1Ms, t2Ms } : undefined;
    }
    case undefined:
      return undefined;
  }
}

/** Unknown fields are skipped, not kept; no message nests deeper than four. */
const READ = { readUnknownFields: false, recursionLimit: 8 } as const;

/** The protobuf reader throws on what it cannot parse; here that is an expected outcome. */
function parse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function readAll<W, T>(items: readonly W[], most: number, read: (item: W) => T | undefined): readonly T[] | undefined {
  if (items.length > most) return undefined;
  const all: T[] = [];
  for (const item of items) {
    const value = read(item);
    if (value === undefined) return undefined;
    all.push(value);
  }
  return all;
}

/** False also for what is no number, and for a zero with a sign: a double on the wire may be either. */
function isTime(ms: number): boolean {
  return (ms > 0 || Object.is(ms, 0)) && ms <= TIME_MS_MAX;
}

export function isDevice(device: string): boolean {
  return device.length <= DEVICE_CHARACTERS_MAX && DEVICE.test(device);
}

export function isRole(role: string): role is Role {
  return role === 'owner' || role === 'member' || role === 'listener';
}

function readMember({ id, name, device, role }: WirePeer): Member | undefined {
  const clean = cleanName(name);
  if (clean === undefined || !PEER_ID.test(id) || !isDevice(device) || !isRole(role)) return undefined;
  return { id, name: clean, device, role };
}

function readIceServer({ urls, username, credential }: WireIceServer): IceServer | undefined {
  const bounded =
    urls.length >= 1 &&
    urls.length <= ICE_URLS_MAX &&
    urls.every((url) => url.length <= ICE_URL_CHARACTERS_MAX && ICE_URL.test(url)) &&
    username.length <= ICE_SECRET_CHARACTERS_MAX &&
    credential.length <= ICE_SECRET_CHARACTERS_MAX;
  // In Protocol Buffers an absent string and an empty one are the same; WebRTC wants an absent one absent.
  return bounded
    ? { urls: [...urls], ...(username !== '' && { username }), ...(credential !== '' && { credential }) }
    : undefined;
}

/** As the library gives it, or carried.ts. */
interface WireSignal {
  readonly attempt: number;
  readonly body: CarriedSignal['body'] | { readonly case: undefined };
}

/** A signal of either wire; undefined if malformed or out of bounds. */
export function readSignal(wire: WireSignal | undefined): { attempt: number; signal: Signal } | undefined {
  if (wire === undefined || wire.body.case === undefined) return undefined;
  const { attempt, body } = wire;
  if (body.case === 'candidate') {
    const signal = readCandidate(body.value);
    return signal && { attempt, signal };
  }
  const bounded = body.value.length <= SDP_CHARACTERS_MAX && SDP_TEXT.test(body.value);
  return bounded ? { attempt, signal: { kind: body.case, sdp: body.value } } : undefined;
}

/** An empty candidate is valid: some browsers mark the end of gathering with one. */
function readCandidate({ candidate, mid }: { candidate: string; mid: string }): Signal | undefined {
  const bounded =
    candidate.length <= CANDIDATE_CHARACTERS_MAX &&
    LINE.test(candidate) &&
    mid.length <= MID_CHARACTERS_MAX &&
    LINE.test(mid);
  return bounded ? { kind: 'candidate', candidate, mid } : undefined;
}

type ClientBody =
  | Exclude<NonNullable<MessageInitShape<typeof ClientMessageSchema>['body']>, { case: 'relay' }>
  | { readonly case: 'relay'; readonly value: Carried };
type ServerBody =
  | Exclude<NonNullable<MessageInitShape<typeof ServerMessageSchema>['body']>, { case: 'relayed' }>
  | { readonly case: 'relayed'; readonly value: Carried };

function clientBody(message: ClientMessage): ClientBody {
  switch (message.kind) {
    case 'join': {
      const { version, pool, name, device, ticket = '' } = message;
      const [signKey, signature] = [Uint8Array.from(message.signKey), Uint8Array.from(message.signature)];
      return { case: 'join', value: { version, pool, name, device, signKey, signature, ticket } };
    }
    case 'leave':
      return { case: 'leave', value: {} };
    case 'relay':
      return { case: 'relay', value: { peer: message.peer, signal: wireSignal(message.attempt, message.signal) } };
    case 'time':
      return { case: 'time', value: { t0Ms: message.t0Ms } };
  }
}

function serverBody(message: ServerMessage): ServerBody {
  switch (message.kind) {
    case 'challenge':
      return { case: 'challenge', value: { nonce: Uint8Array.from(message.nonce) } };
    case 'welcome': {
      const { self, pool, role, peers } = message;
      const iceServers = message.iceServers.map((server) => ({ ...server, urls: [...server.urls] }));
      return { case: 'welcome', value: { self, pool, role, peers: peers.map((peer) => ({ ...peer })), iceServers } };
    }
    case 'peer-joined':
      return { case: 'peerJoined', value: { peer: { ...message.peer } } };
    case 'peer-left':
      return { case: 'peerLeft', value: { id: message.id, lost: message.lost } };
    case 'relayed':
      return { case: 'relayed', value: { peer: message.peer, signal: wireSignal(message.attempt, message.signal) } };
    case 'timed': {
      const { t0Ms, t1Ms, t2Ms } = message;
      return { case: 'timed', value: { t0Ms, t1Ms, t2Ms } };
    }
  }
}

export function wireSignal(attempt: number, signal: Signal): CarriedSignal {
  return signal.kind === 'candidate'
    ? { attempt, body: { case: 'candidate', value: { candidate: signal.candidate, mid: signal.mid } } }
    : { attempt, body: { case: signal.kind, value: signal.sdp } };
}
