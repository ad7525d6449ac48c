import { expect, test } from '@jest/globals';
import { parseLinkInvitation } from '../../web/link-invitation.ts';

const words = 'piano-jetty-cloud-hollow-roof-quail-crisp-oak';

test('a link that invites a device holds a pool and words, also in capitals and with spaces around', () => {
  const parts = { pool: 'quiet-heron-1', code: words };
  expect(parseLinkInvitation(`https://pool.example/#link=quiet-heron-1/${words}`)).toEqual(parts);
  expect(parseLinkInvitation(` #LINK=Quiet-Heron-1/${words.toUpperCase()} `)).toEqual(parts);
});

test.each([
  '',
  '#quiet-heron-1',
  `#link=${words}`,
  `#link=-/${words}`,
  `link=quiet-heron-1/${words}`,
  '#link=a-pool/12',
])('%p is no such link', (text) => {
  expect(parseLinkInvitation(text)).toBeUndefined();
});
