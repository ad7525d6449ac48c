// Signs join tickets with the database's key, which all nodes at it share, and says which public keys to check them with.
import type { JSONWebKeySet } from 'jose';
import { signTicket, TICKET_MS, type Ticket } from '../../src/keys/ticket.ts';
import type { Database } from '../store/database.ts';
import { newId } from '../store/secrets.ts';
import { serverKeys, signingKey } from '../store/server-keys.ts';

/** What own tickets say in `aud`: nobody else has the key, so the word needs to tell no servers apart. */
export const OWN_AUDIENCE = 'rockpool';

const ALGORITHM = 'Ed25519';

export interface TicketSigner {
  /** Of those that sign and those that did. */
  readonly keys: JSONWebKeySet;
  sign(ticket: Pick<Ticket, 'pool' | 'device' | 'account' | 'role'>, nowMs: number): Promise<string>;
}

/** Makes the key if the database has none. Rejects with a DatabaseError. */
export async function ticketSigner(database: Database, nowMs: number): Promise<TicketSigner> {
  const { subtle } = crypto;
  const pair = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const fresh = {
    kid: newId(),
    privateKey: new Uint8Array(await subtle.exportKey('pkcs8', pair.privateKey)),
    publicKey: new Uint8Array(await subtle.exportKey('spki', pair.publicKey)),
    createdMs: nowMs,
  };
  const { signs, all } = await database.transact(async (tx) => ({
    signs: await signingKey(tx, fresh),
    all: await serverKeys(tx),
  }));
  const key = await subtle.importKey('pkcs8', signs.privateKey.slice(), ALGORITHM, false, ['sign']);
  const keys = await Promise.all(
    all.map(async ({ kid, publicKey }) => {
      const imported = await subtle.importKey('spki', publicKey.slice(), ALGORITHM, true, ['verify']);
      const { kty = '', crv = '', x = '' } = await subtle.exportKey('jwk', imported);
      return { kty, crv, x, kid };
    }),
  );
  return {
    keys: { keys },
    sign: (ticket, atMs) => {
      const issuedMs = Math.floor(atMs / 1000) * 1000;
      const unique = { zones: [], id: newId(), issuedMs, expiresMs: issuedMs + TICKET_MS };
      return signTicket(key, signs.kid, { ...ticket, ...unique, audience: OWN_AUDIENCE });
    },
  };
}
