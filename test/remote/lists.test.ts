// Lists of which only the changes cross.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ListMirror, ListSender } from '../../src/remote/lists.ts';

interface Item {
  readonly id: string;
  readonly value: number;
}
const keyOf = ({ id }: Item): string => id;
const lists = fc.array(
  fc.uniqueArray(fc.record({ id: fc.constantFrom(...'abcdefgh'), value: fc.nat(2) }), {
    selector: keyOf,
    maxLength: 8,
  }),
);

test('a mirror that hears every change is the list, in its order', () => {
  fc.assert(
    fc.property(lists, (versions) => {
      const sender = new ListSender<Item>(keyOf);
      const mirror = new ListMirror<Item>(keyOf);
      for (const list of versions) {
        const change = sender.change(list);
        if (change !== undefined) mirror.apply(change);
        expect(mirror.list).toEqual(list);
      }
    }),
  );
});

test('only what is new or other than it was is told', () => {
  const sender = new ListSender<Item>(keyOf);
  const thousand = Array.from({ length: 1000 }, (_, value) => ({ id: `m${value}`, value }));
  expect(sender.change(thousand)?.put).toHaveLength(1000);
  expect(sender.change(thousand.map((item) => ({ ...item })))).toBeUndefined();
  const changed = thousand.with(500, { id: 'm500', value: -1 });
  expect(sender.change([...changed, { id: 'new', value: 0 }])).toEqual({
    put: [
      { id: 'm500', value: -1 },
      { id: 'new', value: 0 },
    ],
  });
  expect(sender.change(changed)).toEqual({ put: [], gone: ['new'] });
  expect(sender.change(changed.toReversed())?.order).toHaveLength(1000);
});
