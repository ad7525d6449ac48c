// Everything that only a pool needs, as one lazily loaded chunk: the session (client, WebRTC) and the pool's screen.
export { openSession } from './session.ts';
export { PoolScreen } from './components/pool-screen.tsx';
