// Secrets that people or their browsers keep, and what of them the database may hold: of random ones a hash, of chosen ones a
// slow hash with salt.
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 32;
const ID_BYTES = 16;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** OWASP's password storage cheat sheet names these as the least for scrypt that takes 32 MiB: log2 N, r and p. */
const COST = { logN: 15, r: 8, p: 3 };
/** scrypt takes 128 * N * r bytes, and a little. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;

/** 256 random bits in base64url. */
export const newToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url');

/** 128 random bits: 32 hex digits, as all ids of rows are. */
export const newId = (): string => randomBytes(ID_BYTES).toString('hex');

/** SHA-256 in base64url. Only of what has 128 random bits: there is nothing to guess. */
export const hashToken = (token: string): string => createHash('sha256').update(token, 'utf8').digest('base64url');

/** `scrypt$LOG2N$R$P$SALT$KEY` of what a person chose. Takes 32 MiB and some 200 ms of a thread of its own. */
export async function hashPassphrase(passphrase: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(passphrase, salt, COST);
  return ['scrypt', COST.logN, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** `hash`: what `hashPassphrase` gave. Throws a RangeError if it is nothing of the kind. */
export async function isPassphrase(passphrase: string, hash: string): Promise<boolean> {
  const [, logN, r, p, salt, key] = SCRYPT.exec(hash) ?? [];
  if (salt === undefined || key === undefined) throw new RangeError('hash: expected scrypt$..., got something else');
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  return timingSafeEqual(await derive(passphrase, Buffer.from(salt, 'base64url'), cost), Buffer.from(key, 'base64url'));
}

const SCRYPT = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/;

function derive(passphrase: string, salt: Buffer, { logN, r, p }: typeof COST): Promise<Buffer> {
  // Two keyboards may write one letter in two ways.
  const text = passphrase.normalize('NFKC');
  return new Promise((resolve, reject) => {
    scrypt(text, salt, KEY_BYTES, { N: 2 ** logN, r, p, maxmem: MEMORY_BYTES_MAX }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
