// Everything that a host's window needs beyond the first screen, as one lazily loaded chunk: in place of pool-part.ts.
import type { HostParts } from '../hosted.ts';
import { keepNotifying } from '../notifications.ts';
import { keepPools } from '../pools.ts';
import { speakForHost } from '../sentences.ts';
import type { Session } from '../session.ts';
import { keepTalk } from '../talk.ts';
import { Settings } from './host-settings.tsx';
import { Layer } from './layer.tsx';
import { stayAtHost } from './life.ts';
import { ServerField } from './server-field.tsx';
import { brings, serverReady } from './servers.ts';
import { openHostedSession } from './session.ts';
import { ShowInFolder } from './show-in-folder.tsx';
import { hostSettings } from './state.ts';
import { choose, takeDropped, takePasted } from './take.ts';

export { PoolScreen } from '../components/pool-screen.tsx';
export { KeptPools } from '../components/settings-pools.tsx';

export const openSession = async (): Promise<Session> => keepPools(keepNotifying(keepTalk(await openHostedSession())));

export const host: HostParts = {
  begin: () => {
    speakForHost();
    void stayAtHost();
  },
  Layer,
  ServerField,
  serverReady,
  brings,
  Settings,
  ShowInFolder,
  choose,
  takeDropped,
  takePasted,
  endsWithWindow: () => hostSettings.value?.background !== true,
};
