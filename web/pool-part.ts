// Everything that only a pool needs, as one lazily loaded chunk: the session (client, WebRTC) and the pool's screen.
import { keepNotifying } from './notifications.ts';
import { keepPools } from './pools.ts';
import { openSession as open, type Session, type SessionOptions } from './session.ts';
import { keepSharing } from './sharing.ts';
import { keepTalk } from './talk.ts';

export { holdKeys } from './session.ts';
export { PoolScreen } from './components/pool-screen.tsx';
export { KeptPools } from './components/settings-pools.tsx';

export const openSession = (options: SessionOptions): Session =>
  keepPools(keepNotifying(keepTalk(keepSharing(open(options)))));
