// Reports what somebody wrote, or what they call themselves, to whoever runs this server. Nobody needs an account for that.
import { TalkError, type Offence, type PoolClientFace } from '../../src/client.ts';
import type { EntryId } from '../../src/wire/entry.ts';
import { talkSentence } from '../sentences.ts';
import { fromBase64url, toBase64url } from '../../src/wire/base64url.ts';
import { call } from './call.ts';

type Client = Pick<PoolClientFace<never>, 'signReport'> & {
  readonly talk: Pick<PoolClientFace<never>['talk'], 'evidence'>;
};

/**
 * `entry`: of a message, as it stands and as it was before an edit, or of a profile. Resolves to how often this device has
 * reported it. Rejects with an Error that says why not.
 */
export async function sendReport(client: Client, entry: EntryId, offence: Offence): Promise<number> {
  const { evidence, circle } = await client.talk.evidence(entry).catch((error: unknown) => {
    const refused = error instanceof TalkError && error.code === 'refused';
    const gone = 'This cannot be shown to anybody any more: it was taken back, or its key is not here.';
    throw new Error(refused ? gone : talkSentence(error), { cause: error });
  });
  const report = (each: Uint8Array): Promise<number> => reportOne(client, each, { circle, offence });
  // What is shown counts; what was said first may be too long ago by now.
  const [shown] = await Promise.allSettled(evidence.map(report));
  if (shown?.status === 'rejected') throw shown.reason;
  return shown?.value ?? 0;
}

async function reportOne(
  client: Client,
  evidence: Uint8Array,
  { circle, offence }: { readonly circle: readonly string[]; readonly offence: Offence },
): Promise<number> {
  const { nonce } = await call<{ nonce: string }>('POST', 'reports/nonce', {});
  const signed = await client.signReport({ nonce: fromBase64url(nonce), offence, evidence });
  const { times } = await call<{ times: number }>('POST', 'reports', {
    nonce,
    signKey: toBase64url(signed.signKey),
    signature: toBase64url(signed.signature),
    pool: signed.pool,
    offence,
    circle,
    evidence: toBase64url(evidence),
  });
  return times;
}
