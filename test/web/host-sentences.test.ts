// Sentences about the host whose window the page is, where a browser's would be wrong there.
import { expect, test } from '@jest/globals';
import { TalkError } from '../../src/io/talk-face.ts';
import { SOCKET_CODES } from '../../src/wire/codes.ts';
import { endSentence, leaveSentence, problemSentence, speakForHost, talkSentence } from '../../web/sentences.ts';

/** What speaks of whoever stores and sends. */
const all = (): readonly string[] => [
  ...Object.keys(SOCKET_CODES).map(leaveSentence),
  endSentence({ direction: 'in', peerName: 'Jo', bytes: 10, doneBytes: 5, end: 'store-failed' }),
  problemSentence('store-failed', ''),
  talkSentence(new TalkError('store-failed', '')),
];
const ofPages = (): readonly string[] => all().filter((text) => /browser|\bpage\b/iu.test(text));

test('a browser’s page speaks of itself, and a host’s window never of a page or a browser', () => {
  expect(ofPages().length).toBeGreaterThan(5);
  speakForHost();
  expect(ofPages()).toEqual([]);
  expect(leaveSentence('version')).toBe('Rockpool is older here than at the server. Update it, then join again.');
});
