// Codes to keep on paper, for who has lost every passkey: 140 random bits each, in letters and digits that are hard to confuse.
import { randomBytes } from 'node:crypto';
import type { Tx } from '../store/schema.ts';
import { replaceRecoveryCodes } from '../store/accounts.ts';

export const RECOVERY_CODES = 10;

/** Crockford's base 32: no i, l, o or u. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const CHARACTERS = 28;
const GROUP = /.{4}(?=.)/g;

/** `xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xxxx` each; they are shown once, and those before are void. */
export async function giveRecoveryCodes(tx: Tx, account: string, codes: readonly string[]): Promise<void> {
  await replaceRecoveryCodes(
    tx,
    account,
    codes.map((code) => code.replaceAll('-', '')),
  );
}

export function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    const letters = Array.from(randomBytes(CHARACTERS), (byte) => ALPHABET[byte & 31]).join('');
    return letters.replace(GROUP, '$&-');
  });
}

/** A code as the database knows it, of what a person typed: any case, blanks or hyphens anywhere, i and l for 1, o for 0. */
export function typedRecoveryCode(text: string): string {
  return text.toLowerCase().replace(/[\s-]/g, '').replace(/[il]/g, '1').replace(/o/g, '0');
}
