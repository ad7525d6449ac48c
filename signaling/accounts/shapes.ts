// What requests may hold, as zod schemas: texts bounded and clean, ids and codes as they are written, nothing else beside.
import { z } from 'zod';
import { parsePoolCode } from '../../src/wire/pool-code.ts';
import { cleanName } from '../../src/wire/signaling.ts';
import { POLICIES, ROLES } from '../store/fields.ts';

const NOT_CLEAN = /[\p{Cc}\p{Cs}]/u;

/** A name people see: 1 to 64 characters once blanks at its ends are gone, no control characters. */
export const NAME: z.ZodType<string, string> = z
  .string()
  .max(256)
  .transform((text) => text.trim())
  .refine((text) => cleanName(text) === text, 'expected a clean name of 1 to 64 characters');

export const POOL: z.ZodType<string, string> = z
  .string()
  .max(64)
  .refine((code) => parsePoolCode(code) === code, 'expected a pool code');

/** Of rows and devices. */
export const ID: z.ZodType<string, string> = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits');
/** 32 bytes: tokens, nonces, hashes, keys. */
export const TOKEN: z.ZodType<string, string> = z.string().regex(/^[\w-]{43}$/, 'expected 32 bytes in base64url');
export const SIGNATURE: z.ZodType<string, string> = z.string().regex(/^[\w-]{86}$/, 'expected 64 bytes in base64url');
export const CREDENTIAL: z.ZodType<string, string> = z.string().regex(/^[\w-]{16,1364}$/, 'expected a credential’s id');
export const ROLE: z.ZodType<(typeof ROLES)[number]> = z.enum(ROLES);
export const POLICY: z.ZodType<(typeof POLICIES)[number]> = z.enum(POLICIES);

/** 1 to 256 characters: shorter ones are whoever's choice who makes the pool. */
export const PASSPHRASE: z.ZodType<string, string> = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => !NOT_CLEAN.test(text), 'expected no control characters');

/** What a person typed as a code: taken apart later. */
export const TYPED: z.ZodType<string, string> = z.string().min(1).max(256);

/** Of a field that was matched with one of those in base64url. */
export const bytesOf = (base64url: string): Uint8Array => Uint8Array.from(Buffer.from(base64url, 'base64url'));

/** A request without any content. */
export const NOTHING: z.ZodType<unknown> = z.union([z.undefined(), z.null(), z.strictObject({})]);
