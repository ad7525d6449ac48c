// A host's services as far as a test is about them.
import type { HostFace } from '../../src/remote/host-face.ts';

const nothing = (): Promise<never> => Promise.reject(new Error('not in this test'));

/** Whatever is not given rejects. */
export const hostThat = (given: Partial<HostFace>): HostFace => ({
  about: nothing,
  subscribe: () => () => undefined,
  useServer: nothing,
  show: nothing,
  keep: nothing,
  settings: nothing,
  change: nothing,
  list: nothing,
  makeFolder: nothing,
  look: nothing,
  dropped: nothing,
  reveal: nothing,
  offers: nothing,
  history: { list: nothing, remove: nothing, clear: nothing },
  ...given,
});
