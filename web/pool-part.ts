// Everything that only a pool needs, as one lazily loaded chunk: the session (client, WebRTC) and the pool's screen.
import { keepNotifying } from './notifications.ts';
import { keepPools } from './pools.ts';
import { openSession as open, type Session } from './session.ts';
import { keepSharing } from './sharing.ts';
import { keepTalk } from './talk.ts';

export { PoolScreen } from './components/pool-screen.tsx';
export { KeptPools } from './components/settings-pools.tsx';

export const openSession = async (name: string): Promise<Session> =>
  keepPools(keepNotifying(keepTalk(keepSharing(await open(name)))));
