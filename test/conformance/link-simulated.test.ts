// Both ends in one simulation.
import { linkSuite } from './link-suite.ts';
import { simulatedEnds } from './link-simulated.ts';

linkSuite('a link in the simulator', () => Promise.resolve(simulatedEnds(20)));
