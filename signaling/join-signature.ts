// Whether the device that a join names has signed it. On the spot: to hand it to a thread and have it back takes the main thread about as
// long as the verification itself, and all threads together twice as long.
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { labeled, LABELS, mayVerify } from '../src/keys/identity.ts';
import { joinBytes, type ClientMessage } from '../src/wire/signaling.ts';

/** `nonce`: what the socket was challenged with. */
export function isSigned(join: Extract<ClientMessage, { kind: 'join' }>, nonce: Uint8Array): boolean {
  const key = publicKeyOf(join.signKey);
  return key !== undefined && verify(null, labeled(LABELS.join, joinBytes(nonce, join)), key, join.signature);
}

/** Undefined: it is no key that may stand for a device. */
function publicKeyOf(signKey: Uint8Array): KeyObject | undefined {
  if (!mayVerify(signKey)) return undefined;
  try {
    // As a JWK it takes a tenth of what it takes as SPKI, which OpenSSL tries its decoders on.
    const x = Buffer.from(signKey).toString('base64url');
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
