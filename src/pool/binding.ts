// Binding: before a link may use a transport, its two ends show each other who they are and that they see the same two DTLS
// certificates, so that neither the server nor anybody else sits in between. A machine: signing and checking are work it hands
// out, one piece at a time. What is signed is src/keys/binding.ts', the layout src/wire/datagram.ts'.
//
//   hello    -> signing   the other's hello, with keys that make its id
//   signing  -> proving   our signature is made; the proof goes out
//   proving  -> checking  the other's proof, with the share that was promised
//   checking -> bound     its signature holds
//   any but bound -> failed
//
// The proof shows our share, so it goes only to somebody who has promised one: four words made of both shares cannot be
// steered from in between.
import { bindingBytes, commitTo, SHARE_BYTES, wordCode, type BindingEnd } from '../keys/binding.ts';
import { deviceIdOf, isAgreeKey, isSignKey, LABELS } from '../keys/identity.ts';
import { equalBytes } from '../wire/bytes.ts';
import { decodeBind, encodeBind, type Bind } from '../wire/datagram.ts';
import type { KeyOp, KeyResult, OwnKeys } from './ports.ts';
import type { PeerId, UnboundCode } from './views.ts';

/** Another device's public keys, once it has shown that they are its own. */
export interface PeerKeys {
  /** Ed25519, 32 bytes. */
  readonly signKey: Uint8Array;
  /** X25519, 32 bytes. */
  readonly agreeKey: Uint8Array;
}

/** identity: its keys are not those of its id, or no keys. binding: what it shows does not prove what it must. */
export type BindingCode = Extract<UnboundCode, 'identity' | 'binding'>;

export interface BindingSetup {
  readonly role: 'initiator' | 'acceptor';
  /** The pool's code. */
  readonly pool: string;
  readonly self: OwnKeys;
  readonly peer: PeerId;
  /** SHA-256 of the DTLS certificates, 32 bytes each. */
  readonly fingerprints: { readonly own: Uint8Array; readonly theirs: Uint8Array };
  /** SHARE_BYTES from a CSPRNG, used for nothing else. */
  readonly share: Uint8Array;
  /** What is unanswered goes again after this, ms; doubled each time. */
  readonly resendMs: number;
}

export type BindingInput =
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array }
  | { readonly kind: 'key-done'; readonly result: KeyResult }
  | { readonly kind: 'timeout' };

export type BindingOutput =
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array }
  | { readonly kind: 'key'; readonly op: KeyOp }
  | { readonly kind: 'bound'; readonly keys: PeerKeys; readonly words: readonly string[] }
  | { readonly kind: 'failed'; readonly code: BindingCode };

type Hello = Extract<Bind, { kind: 'bind-hello' }>;
type Proof = Extract<Bind, { kind: 'bind-proof' }>;

type State =
  | { readonly kind: 'hello' }
  /** `early`: the other's proof; ours goes first, so that both ends see one even where neither holds. */
  | { readonly kind: 'signing'; readonly theirs: Hello; early: Proof | undefined }
  | { readonly kind: 'proving'; readonly theirs: Hello; readonly own: Uint8Array }
  | { readonly kind: 'checking'; readonly theirs: Hello; readonly own: Uint8Array; readonly share: Uint8Array }
  /** The other end may still lack our proof. */
  | { readonly kind: 'bound'; readonly own: Uint8Array }
  | { readonly kind: 'failed' };

export class Binding {
  readonly #setup: BindingSetup;
  readonly #commit: Uint8Array;
  readonly #hello: Uint8Array;
  readonly #outputs: BindingOutput[] = [];
  #state: State = { kind: 'hello' };
  #resendMs: number;
  #resendAtMs: number;

  /** Begins at `now`, when the transport has opened. Throws a RangeError if `share` has another length. */
  constructor(now: number, setup: BindingSetup) {
    if (setup.share.length !== SHARE_BYTES) {
      throw new RangeError(`share: expected ${SHARE_BYTES} bytes, got ${setup.share.length}`);
    }
    this.#setup = setup;
    const { signKey, agreeKey } = setup.self;
    this.#commit = commitTo(setup.share);
    this.#hello = encodeBind({ kind: 'bind-hello', commit: this.#commit, signKey, agreeKey });
    this.#resendMs = setup.resendMs;
    this.#resendAtMs = now + this.#resendMs;
    this.#send(this.#hello);
  }

  /** The other's proof is here, and its link may have begun: what it says will count once the proof is found to hold. */
  get heardProof(): boolean {
    return this.#state.kind === 'checking' || (this.#state.kind === 'signing' && this.#state.early !== undefined);
  }

  handle(now: number, input: BindingInput): void {
    switch (input.kind) {
      case 'datagram':
        return this.#receive(input.bytes);
      case 'key-done':
        return this.#keyDone(input.result);
      case 'timeout':
        if (now >= (this.nextTimeout() ?? Infinity)) this.#resend(now);
        return;
    }
  }

  poll(): BindingOutput | undefined {
    return this.#outputs.shift();
  }

  nextTimeout(): number | undefined {
    return this.#state.kind === 'bound' || this.#state.kind === 'failed' ? undefined : this.#resendAtMs;
  }

  #receive(bytes: Uint8Array): void {
    const bind = decodeBind(bytes);
    if (bind?.kind === 'bind-hello') this.#onHello(bind);
    if (bind?.kind === 'bind-proof') this.#onProof(bind);
  }

  #onHello(theirs: Hello): void {
    const state = this.#state;
    switch (state.kind) {
      case 'hello': {
        const known = isSignKey(theirs.signKey) && deviceIdOf(theirs.signKey) === this.#setup.peer;
        if (!known || !isAgreeKey(theirs.agreeKey)) return this.#fail('identity');
        this.#state = { kind: 'signing', theirs, early: undefined };
        const bytes = this.#signed(theirs, 'own');
        return this.#ask({ op: 'sign', label: LABELS.binding, bytes });
      }
      // It says so again: it lacks our proof. A proof is never answered, so nothing goes back and forth for ever.
      case 'proving':
      case 'checking':
      case 'bound':
        return this.#send(state.own);
      case 'signing':
      case 'failed':
        return;
    }
  }

  #onProof(proof: Proof): void {
    const state = this.#state;
    if (state.kind === 'signing') state.early ??= proof;
    if (state.kind !== 'proving') return;
    const { theirs, own } = state;
    if (!equalBytes(commitTo(proof.share), theirs.commit)) return this.#fail('binding');
    this.#state = { kind: 'checking', theirs, own, share: proof.share };
    const bytes = this.#signed(theirs, 'theirs');
    const { signature } = proof;
    this.#ask({ op: 'verify', key: theirs.signKey, label: LABELS.binding, bytes, signature });
  }

  #keyDone(result: KeyResult): void {
    const state = this.#state;
    if (state.kind === 'signing' && result.op === 'sign') {
      const { theirs, early } = state;
      const own = encodeBind({ kind: 'bind-proof', share: this.#setup.share, signature: result.signature });
      this.#state = { kind: 'proving', theirs, own };
      this.#send(own);
      if (early !== undefined) this.#onProof(early);
    }
    if (state.kind === 'checking' && result.op === 'verify') {
      if (!result.holds) return this.#fail('binding');
      const { theirs, own, share } = state;
      const { signKey, agreeKey } = theirs;
      this.#state = { kind: 'bound', own };
      const words = wordCode(
        { ...this.#setup.self, share: this.#setup.share },
        { id: this.#setup.peer, signKey, agreeKey, share },
      );
      this.#outputs.push({ kind: 'bound', keys: { signKey, agreeKey }, words });
    }
  }

  /** All that the other end may lack. */
  #resend(now: number): void {
    this.#send(this.#hello);
    if (this.#state.kind === 'proving' || this.#state.kind === 'checking') this.#send(this.#state.own);
    this.#resendMs *= 2;
    this.#resendAtMs = now + this.#resendMs;
  }

  /** What this end signs, or the other one. */
  #signed(theirs: Hello, signer: 'own' | 'theirs'): Uint8Array {
    const { role, pool, self, peer, fingerprints } = this.#setup;
    const own: BindingEnd = {
      id: self.id,
      agreeKey: self.agreeKey,
      commit: this.#commit,
      fingerprint: fingerprints.own,
    };
    const other: BindingEnd = {
      id: peer,
      agreeKey: theirs.agreeKey,
      commit: theirs.commit,
      fingerprint: fingerprints.theirs,
    };
    const [initiator, acceptor] = role === 'initiator' ? [own, other] : [other, own];
    const initiatorSigns = (role === 'initiator') === (signer === 'own');
    return bindingBytes(pool, initiator, acceptor, initiatorSigns ? 'initiator' : 'acceptor');
  }

  #send(bytes: Uint8Array): void {
    this.#outputs.push({ kind: 'datagram', bytes });
  }

  #ask(op: KeyOp): void {
    this.#outputs.push({ kind: 'key', op });
  }

  #fail(code: BindingCode): void {
    // So that the other end finds out as well: it may have missed our proof, and nothing more will come.
    if (this.#state.kind === 'proving' || this.#state.kind === 'checking') this.#send(this.#state.own);
    this.#state = { kind: 'failed' };
    this.#outputs.push({ kind: 'failed', code });
  }
}

// RFC 8122, section 5: hash function, and its bytes in hex with colons between them.
const FINGERPRINT = /^a=fingerprint:(\S+) ((?:[0-9a-f]{2}:)*[0-9a-f]{2})[ \t]*\r?$/gim;

/**
 * The SHA-256 fingerprint, 32 bytes, that a session description tells of its certificate. Undefined if it tells of none, of
 * two that differ, of one by another hash, or of one in a way that WebRTC might read otherwise.
 */
export function fingerprintOf(sdp: string): Uint8Array | undefined {
  const told = [...sdp.matchAll(FINGERPRINT)];
  const [first] = told;
  if (first === undefined || told.length !== sdp.match(/fingerprint/gi)?.length) return undefined;
  const [, , hex = ''] = first;
  const same = told.every(
    ([, hash, other]) => hash?.toLowerCase() === 'sha-256' && other?.toLowerCase() === hex.toLowerCase(),
  );
  const bytes = Uint8Array.from(hex.split(':'), (byte) => Number.parseInt(byte, 16));
  return same && bytes.length === 32 ? bytes : undefined;
}
