// Both ends in one Node process.
import { afterAll } from '@jest/globals';
import { shutdownTransports } from '../../src/io/link-node.ts';
import { linkSuite } from './link-suite.ts';
import { nodePlace } from './places.ts';

afterAll(shutdownTransports);

linkSuite('a link from node to node', async () => ({
  first: await nodePlace.open('link', true),
  second: await nodePlace.open('link', false),
}));
