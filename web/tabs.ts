// One pool at a time per device: tabs of one browser tell each other which pool they join. Windows of one host are one device.
import { isHosted } from './hosted.ts';

export interface Tabs {
  /** Tells the other tabs that this one joins `pool`. */
  announce(pool: string): void;
}

/** `onJoined` hears of every pool another tab joins. */
export function watchTabs(onJoined: (pool: string) => void): Tabs {
  if (!('BroadcastChannel' in window) || isHosted()) return { announce: () => undefined };
  const channel = new BroadcastChannel('rockpool');
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (typeof data === 'object' && data !== null && 'joined' in data && typeof data.joined === 'string') {
      onJoined(data.joined);
    }
  });
  return {
    announce(pool) {
      channel.postMessage({ joined: pool });
    },
  };
}
