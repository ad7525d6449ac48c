// Both ends in one Node process.
import { afterAll } from '@jest/globals';
import { shutdownTransports } from '../../src/io/link-node.ts';
import { nodePlace } from './places.ts';
import { transportSuite } from './transport-suite.ts';

afterAll(shutdownTransports);

transportSuite('a transport from node to node', () => [nodePlace, nodePlace]);
