// Signaling messages as plain unions, and their encoding (schema/signaling.proto). Decoding bounds every field.

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

/** A member, as the server knows it. `id` is 32 hex digits. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly device: string;
}

/** `attempt` (u32) names the PeerConnection a signal belongs to; the initiator draws it. */
export type ClientMessage =
  | {
      readonly kind: 'join';
      readonly version: number;
      readonly pool: string;
      readonly secret: Uint8Array;
      readonly name: string;
      readonly device: string;
    }
  | { readonly kind: 'leave' }
  | { readonly kind: 'relay'; readonly peer: string; readonly attempt: number; readonly signal: Signal }
  | { readonly kind: 'ping'; readonly nonce: number };

export type ServerMessage =
  | {
      readonly kind: 'welcome';
      readonly self: string;
      readonly pool: string;
      readonly peers: readonly Member[];
      readonly iceServers: readonly IceServer[];
    }
  | { readonly kind: 'peer-joined'; readonly peer: Member }
  | { readonly kind: 'peer-left'; readonly id: string; readonly lost: boolean }
  | { readonly kind: 'relayed'; readonly peer: string; readonly attempt: number; readonly signal: Signal }
  | { readonly kind: 'pong'; readonly nonce: number };
