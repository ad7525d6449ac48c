// WebAuthn's two ceremonies, by @simplewebauthn/server: what a browser is asked to sign, and what its answer proves. Which account
// that is about is the routes' business (sign-in-routes.ts, own-routes.ts).
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { z } from 'zod';
import { fromHex } from '../../src/wire/bytes.ts';
import type { PasskeyRow } from '../store/schema.ts';
import { newToken } from '../store/secrets.ts';
import { ApiError } from './api-error.ts';
import type { Page } from './context.ts';
import { CREDENTIAL } from './shapes.ts';

/** How long a person may take over the browser's question, ms. */
export const CEREMONY_MS: number = 5 * 60_000;

/** Of a request with a credential: attestation is not asked for, and a key has at most 4 KiB. */
export const CREDENTIAL_BODY_BYTES_MAX: number = 24 * 1024;

const RP_NAME = 'Rockpool';
/** EdDSA, ES256, RS256. */
const ALGORITHMS = [-8, -7, -257];

const base64url = (most: number): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(/^[\w-]+$/, 'expected base64url');

interface Credential<Response> {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: Response;
}

/** What a browser answers who made a passkey, binary fields in base64url. */
export type Registration = Credential<{
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly transports: string[];
}>;

/** And who used one. */
export type Assertion = Credential<{
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
}>;

const credential = { id: CREDENTIAL, rawId: CREDENTIAL, type: z.literal('public-key') };

/** What else browsers put into the answer is dropped unread. */
export const REGISTRATION: z.ZodType<Registration> = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(4096),
    attestationObject: base64url(16_384),
    transports: z
      .array(z.string().regex(/^[a-z-]{1,16}$/))
      .max(8)
      .default([]),
  }),
});

export const ASSERTION: z.ZodType<Assertion> = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(4096),
    authenticatorData: base64url(4096),
    signature: base64url(2048),
  }),
});

/** For a passkey that its device finds without being told a name: nobody learns here who has an account. */
export function registrationOptions(
  { rpId }: Page,
  { account, name, passkeys }: { account: string; name: string; passkeys: readonly PasskeyRow[] },
): ReturnType<typeof generateRegistrationOptions> {
  return generateRegistrationOptions({
    rpName: RP_NAME,
    rpID: rpId,
    userID: fromHex(account),
    userName: name,
    userDisplayName: name,
    challenge: Buffer.from(newToken(), 'base64url'),
    timeout: CEREMONY_MS,
    attestationType: 'none',
    excludeCredentials: passkeys.map(({ credentialId }) => ({ id: credentialId })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  });
}

export function signInOptions({ rpId }: Page): ReturnType<typeof generateAuthenticationOptions> {
  const challenge = Buffer.from(newToken(), 'base64url');
  return generateAuthenticationOptions({ rpID: rpId, challenge, timeout: CEREMONY_MS, userVerification: 'required' });
}

type IsExpected = (challenge: string) => Promise<boolean>;

/** What there is to keep of a new passkey. `isExpected` takes the challenge: called once at most. Rejects with `challenge` or `passkey`. */
export async function newPasskey(
  { origin, rpId }: Page,
  answer: Registration,
  isExpected: IsExpected,
): Promise<Pick<PasskeyRow, 'credentialId' | 'publicKey' | 'counter' | 'transports'>> {
  const { verified, registrationInfo } = await ceremony(isExpected, (expectedChallenge) =>
    verifyRegistrationResponse({
      response: { ...answer, clientExtensionResults: {} },
      expectedChallenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    }),
  );
  if (!verified) throw new ApiError('passkey');
  const { id, publicKey, counter } = registrationInfo.credential;
  return { credentialId: id, publicKey, counter, transports: answer.response.transports.join(',') };
}

/** The passkey's counter after this use, once it has signed. Rejects with `challenge` or `passkey`. */
export async function provenCounter(
  { origin, rpId }: Page,
  answer: Assertion,
  { credentialId, publicKey, counter }: PasskeyRow,
  isExpected: IsExpected,
): Promise<number> {
  const { verified, authenticationInfo } = await ceremony(isExpected, (expectedChallenge) =>
    verifyAuthenticationResponse({
      response: { ...answer, clientExtensionResults: {} },
      expectedChallenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      credential: { id: credentialId, publicKey: publicKey.slice(), counter },
    }),
  );
  if (!verified) throw new ApiError('passkey');
  return authenticationInfo.newCounter;
}

/** The library throws whatever an answer lacks; all that whoever sent it is told is which half was wrong. */
async function ceremony<T>(isExpected: IsExpected, run: (expectedChallenge: IsExpected) => Promise<T>): Promise<T> {
  let timely = true;
  const take = async (challenge: string): Promise<boolean> => (timely = await isExpected(challenge));
  try {
    return await run(take);
  } catch {
    throw new ApiError(timely ? 'passkey' : 'challenge');
  }
}
