// What `rockpool serve` runs, loaded so that jest can (load-server.ts).
import './load-server.ts';

const serving: typeof import('../../signaling/serving.ts') = await import('../../signaling/serving.ts');
export const startServing: typeof serving.startServing = serving.startServing;
