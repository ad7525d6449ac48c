// Devices put together as the people they belong to: one order, in which every app lists them.
import type { AccountId } from '../wire/entry.ts';

export interface OwnedDevice {
  readonly account: AccountId;
  readonly name: string;
  readonly here: boolean;
  /** No new key is for it. */
  readonly out: boolean;
  /** Wall clock, ms since 1970; 0: never met. */
  readonly metMs: number;
}

export interface PersonWith<Device> {
  readonly account: AccountId;
  /** That of the device that is here, or was here last. */
  readonly name: string;
  readonly own: boolean;
  readonly here: boolean;
  /** Those that are here first, then the one met last. */
  readonly devices: readonly Device[];
}

/** This person (`own`) first, then those who are here in the order of `devices`, then who is away, last met first. */
export function peopleOf<Device extends OwnedDevice>(
  devices: readonly Device[],
  own: AccountId,
): readonly PersonWith<Device>[] {
  const ranked = devices.toSorted((a, b) => Number(b.here) - Number(a.here) || (a.here ? 0 : b.metMs - a.metMs));
  const byAccount = new Map<AccountId, Device[]>();
  for (const device of ranked) {
    const theirs = byAccount.get(device.account);
    if (theirs === undefined) byAccount.set(device.account, [device]);
    else theirs.push(device);
  }
  const people = [...byAccount].map(([account, theirs]) => {
    const first = theirs.find(({ out }) => !out) ?? theirs[0];
    const here = theirs.some((device) => device.here);
    return { account, name: first?.name ?? '', own: account === own, here, devices: theirs };
  });
  return people.toSorted((a, b) => Number(b.own) - Number(a.own) || Number(b.here) - Number(a.here));
}
