// For whom an offer is: everyone, or the devices of some people, and who they are. Pure.
import type { RoomView } from '../src/talk/views.ts';
import type { DeviceId } from '../src/wire/entry.ts';
import { listNames } from './format.ts';
import type { Person } from './people.ts';

/** Devices that it is for alone; undefined: everyone. */
export type Audience = readonly DeviceId[] | undefined;

/** Names that are shown; the rest is counted. */
const NAMES_MAX = 4;

/** Every device of a person that may still read, away or here, but this one. */
export const devicesOf = ({ devices }: Person): readonly DeviceId[] =>
  devices.filter(({ self, out }) => !self && !out).map(({ id }) => id);

/**
 * For whom a file is that is dropped or attached while this room is open: in a whisper its people, not oneself unless nobody
 * else is in it.
 */
export function audienceOf(room: Pick<RoomView, 'kind' | 'accounts'> | undefined, people: readonly Person[]): Audience {
  if (room?.kind !== 'whisper') return undefined;
  const members = people.filter(({ account }) => room.accounts.includes(account));
  const others = members.filter(({ own }) => !own);
  return (others.length > 0 ? others : members).flatMap(devicesOf);
}

export function isSameAudience(one: Audience, other: Audience): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((device) => other.includes(device));
}

/** `Jo`, `Jo and Tom`: the people whose devices these are. */
export function namesOf(devices: readonly DeviceId[], people: readonly Person[]): string {
  const meant = people.filter((person) => person.devices.some(({ id }) => devices.includes(id)));
  return listNames(
    meant.map(({ own, name }) => (own ? 'you' : name)),
    NAMES_MAX,
  );
}
