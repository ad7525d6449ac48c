// Every pairing with a browser at one end or at both.
import { afterAll, beforeAll } from '@jest/globals';
import { shutdownTransports } from '../../src/io/link-node.ts';
import { ChromiumPlaces, nodePlace, type Place } from './places.ts';
import { transportSuite } from './transport-suite.ts';

let chromium: ChromiumPlaces | undefined;
let one: Place;
let two: Place;

beforeAll(async () => {
  chromium = await ChromiumPlaces.launch();
  [one, two] = await Promise.all([chromium.place(), chromium.place()]);
}, 60_000);

afterAll(async () => {
  await chromium?.close();
  shutdownTransports();
});

transportSuite('a transport from browser to browser', () => [one, two]);
transportSuite('a transport from browser to node', () => [one, nodePlace]);
transportSuite('a transport from node to browser', () => [nodePlace, two]);
