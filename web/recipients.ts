// Who would get what is dropped, pasted or attached at this moment.
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { AccountId, DeviceId } from '../src/wire/entry.ts';
import { deviceNameText, store } from './app.ts';
import { audienceOf, devicesOf, namesOf, type Audience } from './audience.ts';
import { isHosted } from './hosted.ts';
import { peopleOf, type Person } from './people.ts';
import { talk } from './talk.ts';

/** Everybody known in this pool. */
export const people: ReadonlySignal<readonly Person[]> = computed(() =>
  peopleOf({
    self: {
      device: store.self.value,
      account: talk.self.value.account,
      name: deviceNameText.value,
      kind: isHosted() ? 'desktop' : 'browser',
    },
    peers: store.peers.value,
    members: talk.members.value,
  }),
);

/** Whose row something hovers over that may be dropped there. */
export const hovered: Signal<AccountId | undefined> = signal<AccountId | undefined>(undefined);

/** Those who read the room that is open. */
export const audienceHere = (): Audience => audienceOf(talk.current.value, people.value);

/** The devices of one person: nobody's, if that is not known here. */
export const audienceOfPerson = (account: AccountId): readonly DeviceId[] =>
  people.value.filter((person) => person.account === account).flatMap(devicesOf);

/** `everyone in quiet-heron-4821`, `Jo and Tom` */
export function audienceName(to: Audience): string {
  if (to === undefined) return `everyone in ${store.pool.value}`;
  return to.length === 0 ? 'nobody' : namesOf(to, people.value) || 'somebody unknown';
}
