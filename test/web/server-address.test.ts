// What a person types as a server, or pastes.
import { expect, test } from '@jest/globals';
import { readServer, serverOfLink, shownServer } from '../../web/desktop/server-address.ts';

test.each([
  ['pool.example', 'https://pool.example'],
  [' Pool.Example/ ', 'https://pool.example'],
  ['pool.example:8443', 'https://pool.example:8443'],
  ['pool.example/rock/', 'https://pool.example/rock'],
  ['https://pool.example/rock/index.html#quiet-heron', 'https://pool.example/rock'],
  ['http://pool.example', 'http://pool.example'],
  ['wss://pool.example/ws', 'https://pool.example'],
  ['ws://localhost:8080/ws', 'http://localhost:8080'],
  ['localhost', 'http://localhost'],
  ['localhost:8080', 'http://localhost:8080'],
  ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['192.168.1.20:8080', 'http://192.168.1.20:8080'],
  ['172.15.0.1', 'https://172.15.0.1'],
  ['nas:8080', 'https://nas:8080'],
  ['localhost.example', 'https://localhost.example'],
  ['rockpool://pool.example/#quiet-heron', 'https://pool.example'],
  ['rockpool://localhost:8080/#quiet-heron', 'http://localhost:8080'],
])('%s is %s', (text, server) => {
  expect(readServer(text)).toBe(server);
});

test.each([
  '',
  '   ',
  'quiet-heron-cove-4821',
  'two words.example',
  'ftp://pool.example',
  'blob://pool.example',
  'file:///etc',
  'https://',
  'https://mara:secret@pool.example',
  'pool.example:99999',
])('%p is none', (text) => {
  expect(readServer(text)).toBeUndefined();
});

test('only a whole link names a server beside its pool', () => {
  expect(serverOfLink('https://pool.example/#quiet-heron')).toBe('https://pool.example');
  expect(serverOfLink(' https://pool.example/rock/#invited=quiet-heron/abc')).toBe('https://pool.example/rock');
  expect(serverOfLink('https://pool.example/')).toBeUndefined();
  expect(serverOfLink('pool.example/#quiet-heron')).toBeUndefined();
  expect(serverOfLink('#quiet-heron')).toBeUndefined();
});

test('a server is shown without what goes without saying', () => {
  expect(shownServer('https://pool.example')).toBe('pool.example');
  expect(shownServer('http://localhost:8080')).toBe('http://localhost:8080');
});
