// What to say to somebody whose device was put out of its pool, if one of their own devices did that.
import type { OwnDevice } from './account.ts';
import { call } from './call.ts';

/** Undefined if it was somebody else, or nobody can tell. Never rejects. */
export async function whyRevoked(device: string): Promise<string | undefined> {
  const nobody = { devices: [] };
  // Who is not signed in here has no list: then it stays with what is known.
  const { devices } = await call<{ devices: OwnDevice[] }>('GET', 'devices').catch(() => nobody);
  if (!devices.some(({ id, revokedMs }) => id === device && revokedMs !== null)) return undefined;
  return (
    'This device was revoked by your account, so it left the pool and joins none at this server any more. To begin anew ' +
    'as another device, clear this site’s data in the browser.'
  );
}
