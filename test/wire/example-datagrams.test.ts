// docs/datagrams.md shows how an application adds control datagrams of its own. What it shows is run here.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { LinkOutput } from '../../src/link/link.ts';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { point, roll, told } from './example-datagrams.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the document shows the example that is run here, to the letter', () => {
  const block = read('../../docs/datagrams.md').split('```ts\n')[1]?.split('```')[0];
  expect(block).toBe(read('./example-datagrams.ts'));
});

test('what one application sends the other is told', () => {
  const pair = new LinkPair({ path: { delayMs: 20 } });
  const heard: string[] = [];
  pair.acceptor.onOutput = (output) => heard.push(...[told(output)].filter((text) => text !== undefined));
  pair.connect();
  point(pair.initiator.link, pair.clock.now, 0.25, -3);
  pair.initiator.drain();
  expect(roll(pair.initiator.link, pair.clock.now, [6, 1])).toBe('ok');
  pair.initiator.drain();
  pair.run(25);
  expect(heard).toEqual(['points at 0.25, -3', 'rolled 6 and 1']);
});

test('dice that nobody can roll are malformed, and too many of them are not sent', () => {
  const pair = new LinkPair();
  const heard: (string | undefined)[] = [];
  pair.acceptor.onOutput = (output) => heard.push(told(output));
  pair.connect();
  heard.length = 0;
  expect(roll(pair.initiator.link, pair.clock.now, [7])).toBe('ok');
  pair.initiator.drain();
  pair.run(1000);
  expect(heard).toEqual(['malformed']);
  expect(roll(pair.initiator.link, pair.clock.now, [1, 2, 3, 4, 5, 6, 1, 2, 3])).toBe('too-large');
  expect(roll(pair.initiator.link, pair.clock.now, [])).toBe('builder-failed');
});

test('a datagram of another application is an unknown schema', () => {
  const output: LinkOutput = { kind: 'control', schema: 4000, bytes: Uint8Array.of(1), sentUs: 0 };
  expect(told(output)).toBe('unknown-schema');
});
