import { expect, test } from '@jest/globals';
import { change, mute, readSettings, settings } from '../../web/settings.ts';

const preset = { theme: 'system', notify: 'off', notifyText: false, muted: [], relayOnly: false };

test('nothing saved, or nonsense, is as at first: no notifications, the theme of the system', () => {
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '7',
    '{"theme":"pink","notify":3,"notifyText":"yes","muted":"all","relayOnly":1}',
  ]) {
    expect(readSettings(text)).toEqual(preset);
  }
});

test('what was saved is read back, each choice for itself', () => {
  const text = JSON.stringify({
    theme: 'dark',
    notify: 'calls',
    notifyText: true,
    muted: ['tide', 4],
    relayOnly: true,
  });
  expect(readSettings(text)).toEqual({
    theme: 'dark',
    notify: 'calls',
    notifyText: true,
    muted: ['tide'],
    relayOnly: true,
  });
  expect(readSettings('{"theme":"light"}')).toEqual({ ...preset, theme: 'light' });
});

test('a choice changes what it is about and nothing else', () => {
  change({ theme: 'dark' });
  mute('tide', true);
  mute('tide', true);
  mute('cove', true);
  mute('tide', false);
  expect(settings.value).toEqual({ ...preset, theme: 'dark', muted: ['cove'] });
});
