// Every pairing with a browser at one end or at both; the first named initiates.
import { afterAll, beforeAll } from '@jest/globals';
import { shutdownTransports } from '../../src/io/link-node.ts';
import { linkSuite, type LinkEnds } from './link-suite.ts';
import { ChromiumPlaces, nodePlace, type Place } from './places.ts';

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

const ends = async (first: Place, second: Place): Promise<LinkEnds> => ({
  first: await first.open('link', true),
  second: await second.open('link', false),
});

linkSuite('a link from browser to browser', () => ends(one, two));
linkSuite('a link from browser to node', () => ends(one, nodePlace));
linkSuite('a link from node to browser', () => ends(nodePlace, two));
