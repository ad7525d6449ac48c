// The pools an account belongs to, as the server keeps them: what they are, who is in them as what, and who is invited. Each call
// rejects with an Error that says, in a sentence, what went wrong.
import { tidyName } from '../../src/wire/signaling.ts';
import { refresh, type PoolPolicy, type PoolRole } from './account.ts';
import { call, type Page } from './call.ts';

export interface PoolMember {
  readonly account: string;
  readonly name: string;
  readonly role: PoolRole;
}

export interface Invitation {
  readonly id: string;
  readonly role: Exclude<PoolRole, 'owner'>;
  readonly expiresMs: number;
  readonly usesLeft: number;
}

export interface PoolSettings {
  readonly title: string;
  readonly policy: PoolPolicy;
  /** Where a pool has one already, it keeps that if none is named. */
  readonly passphrase?: string;
}

/** Members the server tells at a time. */
const MEMBERS_PAGE = 200;

export async function createPool(code: string, pool: PoolSettings): Promise<void> {
  await call('POST', 'pools', { code, ...pool, title: tidyName(pool.title) });
  await refresh();
}

export async function changePool(code: string, pool: PoolSettings): Promise<void> {
  await call('PATCH', `pools/${code}`, { ...pool, title: tidyName(pool.title) });
  await refresh();
}

/** The server keeps it no more: whoever comes first owns it then, as with any pool. */
export async function removePool(code: string): Promise<void> {
  await call('DELETE', `pools/${code}`);
  await refresh();
}

/** `account`: one's own. */
export async function leavePool(code: string, account: string): Promise<void> {
  await removeMember(code, account);
  await refresh();
}

export async function membersAfter(code: string, after: string | undefined): Promise<Page<PoolMember>> {
  const query = after === undefined ? '' : `?after=${after}`;
  const { members } = await call<{ members: PoolMember[] }>('GET', `pools/${code}${query}`);
  return { items: members, next: members.length < MEMBERS_PAGE ? undefined : members.at(-1)?.account };
}

export const changeRole = (code: string, account: string, role: PoolRole): Promise<unknown> =>
  call('PUT', `pools/${code}/members/${account}`, { role });

export const removeMember = (code: string, account: string): Promise<unknown> =>
  call('DELETE', `pools/${code}/members/${account}`);

/** Resolves to the invitation's token, which is told this once. `hours`: at most 2,160. */
export async function invite(
  code: string,
  invitation: { readonly role: Invitation['role']; readonly uses: number; readonly hours: number },
): Promise<string> {
  return (await call<{ token: string }>('POST', `pools/${code}/invitations`, invitation)).token;
}

/** Those that still let somebody in. */
export async function invitationsTo(code: string): Promise<readonly Invitation[]> {
  return (await call<{ invitations: Invitation[] }>('GET', `pools/${code}/invitations`)).invitations;
}

export const revokeInvitation = (code: string, id: string): Promise<unknown> =>
  call('DELETE', `pools/${code}/invitations/${id}`);
