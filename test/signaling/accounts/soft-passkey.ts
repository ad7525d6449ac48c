// An authenticator in software: makes a passkey (Ed25519, no attestation) and signs in with it, as WebAuthn's sections 6.5 and 7
// want it, so that the real checks run without a browser. What is wrong with an answer, a test says by `over`.
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

const UP = 1;
const UV = 4;
const ATTESTED = 0x40;

export interface Wrongly {
  readonly challenge?: string;
  readonly origin?: string;
  readonly rpId?: string;
  /** No fingerprint or PIN was asked for. */
  readonly unverified?: boolean;
  readonly counter?: number;
  readonly type?: string;
}

export class SoftPasskey {
  readonly id: string = randomBytes(32).toString('base64url');
  readonly #origin: string;
  readonly #rpId: string;
  readonly #private: KeyObject;
  readonly #x: Buffer;

  constructor(origin: string) {
    this.#origin = origin;
    this.#rpId = new URL(origin).hostname;
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#private = privateKey;
    this.#x = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  }

  register(challenge: string, over: Wrongly = {}): object {
    const credential = Buffer.from(this.id, 'base64url');
    // {1: 1 (OKP), 3: -8 (EdDSA), -1: 6 (Ed25519), -2: x}
    const key = Buffer.concat([Buffer.from('a4010103272006215820', 'hex'), this.#x]);
    const length = Buffer.of(credential.length >> 8, credential.length & 255);
    const attested = Buffer.concat([Buffer.alloc(16), length, credential, key]);
    const data = Buffer.concat([this.#data(ATTESTED, over), attested]);
    const attestation = Buffer.concat([
      Buffer.from('a363666d74646e6f6e656761747453746d74a0686175746844617461', 'hex'),
      Buffer.of(0x59, data.length >> 8, data.length & 255),
      data,
    ]);
    return this.#answer({
      clientDataJSON: this.#client('webauthn.create', challenge, over).toString('base64url'),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal'],
    });
  }

  use(challenge: string, over: Wrongly = {}): object {
    const client = this.#client('webauthn.get', challenge, over);
    const data = this.#data(0, over);
    const signed = Buffer.concat([data, createHash('sha256').update(client).digest()]);
    return this.#answer({
      clientDataJSON: client.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: sign(null, signed, this.#private).toString('base64url'),
    });
  }

  #answer(response: object): object {
    return { id: this.id, rawId: this.id, type: 'public-key', response, clientExtensionResults: {} };
  }

  #client(type: string, challenge: string, over: Wrongly): Buffer {
    const { origin = this.#origin } = over;
    return Buffer.from(
      JSON.stringify({ type: over.type ?? type, challenge: over.challenge ?? challenge, origin, crossOrigin: false }),
    );
  }

  #data(flags: number, { rpId = this.#rpId, unverified = false, counter = 0 }: Wrongly): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    const hash = createHash('sha256').update(rpId).digest();
    return Buffer.concat([hash, Buffer.of(flags | UP | (unverified ? 0 : UV)), count]);
  }
}
