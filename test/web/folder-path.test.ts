// Paths taken apart, as systems write them.
import { expect, test } from '@jest/globals';
import { crumbsOf } from '../../web/desktop/folder-path.ts';

test.each([
  ['/', ['/ /']],
  ['/home/mara', ['/ /', 'home /home', 'mara /home/mara']],
  ['/home/a\\b', ['/ /', 'home /home', 'a\\b /home/a\\b']],
  ['C:\\', ['C: C:\\']],
  ['C:\\Users\\Mara', ['C: C:\\', 'Users C:\\Users', 'Mara C:\\Users\\Mara']],
  ['\\\\nas\\films\\old', ['\\\\nas\\films \\\\nas\\films\\', 'old \\\\nas\\films\\old']],
  ['', []],
])('%s', (folder, crumbs) => {
  expect(crumbsOf(folder).map(({ name, path }) => `${name} ${path}`)).toEqual(crumbs);
});
