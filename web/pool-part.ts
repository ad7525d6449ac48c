// Everything that only a pool needs, as one lazily loaded chunk: the session (client, WebRTC) and the pool's screen.
import { openSession as open, type Session, type SessionOptions } from './session.ts';
import { keepSharing } from './sharing.ts';

export { PoolScreen } from './components/pool-screen.tsx';

export const openSession = (options: SessionOptions): Session => keepSharing(open(options));
