// Who is known in a pool: devices that are here and devices that are away, put together as the people they belong to. Pure.
import type { DeviceKind, PeerView } from '../src/client.ts';
import type { AccountId, DeviceId } from '../src/wire/entry.ts';
import { peopleOf as groupedBy, type PersonWith } from '../src/talk/people.ts';
import type { MemberView } from '../src/talk/views.ts';

export interface PersonDevice {
  readonly id: DeviceId;
  readonly account: AccountId;
  readonly name: string;
  /** browser | terminal | desktop */
  readonly kind: string;
  /** This very device. */
  readonly self: boolean;
  readonly here: boolean;
  /** Undefined while it is away, and for this device. */
  readonly peer: PeerView | undefined;
  readonly verified: boolean;
  /** No new key is for it. */
  readonly out: boolean;
  readonly doubleOf: DeviceId | undefined;
  /** Wall clock, ms since 1970; 0: never met. */
  readonly metMs: number;
}

export type Person = PersonWith<PersonDevice>;

export interface Known {
  readonly self: {
    readonly device: DeviceId;
    readonly account: AccountId;
    readonly name: string;
    readonly kind: DeviceKind;
  };
  readonly peers: readonly PeerView[];
  readonly members: ReadonlyMap<DeviceId, MemberView>;
}

/** This person first, then those who are here in the order they came, then who is away, last met first. */
export function peopleOf({ self, peers, members }: Known): readonly Person[] {
  const account = self.account || self.device;
  const own = { ...deviceOf(self.device, undefined, members), account, name: self.name, kind: self.kind };
  const present = new Set([self.device, ...peers.map(({ id }) => id)]);
  const away = [...members.keys()].filter((device) => !present.has(device));
  const devices: readonly PersonDevice[] = [
    { ...own, self: true, here: true },
    ...peers.map((peer) => deviceOf(peer.id, peer, members)),
    ...away.map((device) => deviceOf(device, undefined, members)),
  ];
  return groupedBy(devices, account);
}

function deviceOf(id: DeviceId, peer: PeerView | undefined, members: Known['members']): PersonDevice {
  const member = members.get(id);
  return {
    id,
    account: member?.account ?? id,
    name: peer?.name ?? member?.name ?? '',
    kind: peer?.device ?? member?.kind ?? 'browser',
    self: false,
    here: peer !== undefined,
    peer,
    verified: member?.verified ?? false,
    out: member?.out ?? false,
    doubleOf: member?.doubleOf,
    metMs: member?.metMs ?? 0,
  };
}

/** Every device of theirs that may still read was compared: `all`, `some` or `none` of them. */
export function verifiedOf({ devices }: Person): 'all' | 'some' | 'none' {
  const counting = devices.filter(({ self, out }) => !self && !out);
  const verified = counting.filter((device) => device.verified).length;
  return verified === 0 ? 'none' : verified === counting.length ? 'all' : 'some';
}

/** The device whose words are to be compared next: one that is linked, and was not compared if there is such a one. */
export function deviceToVerify({ devices }: Person): PersonDevice | undefined {
  const others = devices.filter(({ self, out }) => !self && !out);
  const linked = others.filter(({ peer }) => peer !== undefined && peer.path !== 'connecting');
  return linked.find(({ verified }) => !verified) ?? linked[0] ?? others[0];
}
