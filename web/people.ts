// Who is known in a pool: devices that are here and devices that are away, put together as the people they belong to. Pure.
import type { PeerView } from '../src/client.ts';
import type { AccountId, DeviceId } from '../src/wire/entry.ts';
import type { MemberView } from '../src/talk/views.ts';

export interface PersonDevice {
  readonly id: DeviceId;
  readonly name: string;
  /** browser | terminal | desktop */
  readonly kind: string;
  /** This very device. */
  readonly self: boolean;
  /** Undefined while it is away, and for this device. */
  readonly peer: PeerView | undefined;
  readonly verified: boolean;
  /** No new key is for it. */
  readonly out: boolean;
  readonly doubleOf: DeviceId | undefined;
  /** Wall clock, ms since 1970; 0: never met. */
  readonly metMs: number;
}

export interface Person {
  readonly account: AccountId;
  /** That of the device that is here, or was here last. */
  readonly name: string;
  readonly own: boolean;
  readonly here: boolean;
  /** Those that are here first. */
  readonly devices: readonly PersonDevice[];
}

export interface Known {
  readonly self: { readonly device: DeviceId; readonly account: AccountId; readonly name: string };
  readonly peers: readonly PeerView[];
  readonly members: ReadonlyMap<DeviceId, MemberView>;
}

/** This person first, then those who are here in the order they came, then who is away, last met first. */
export function peopleOf({ self, peers, members }: Known): readonly Person[] {
  const own: PersonDevice = {
    ...deviceOf(self.device, undefined, members),
    name: self.name,
    kind: 'browser',
    self: true,
  };
  const here = peers.map((peer) => deviceOf(peer.id, peer, members));
  const present = new Set([self.device, ...peers.map(({ id }) => id)]);
  const away = [...members.keys()]
    .filter((device) => !present.has(device))
    .map((device) => deviceOf(device, undefined, members))
    .sort((one, other) => other.metMs - one.metMs);
  const byAccount = new Map<AccountId, PersonDevice[]>();
  for (const device of [own, ...here, ...away]) {
    const account = device.self ? self.account || self.device : (members.get(device.id)?.account ?? device.id);
    const devices = byAccount.get(account);
    if (devices === undefined) byAccount.set(account, [device]);
    else devices.push(device);
  }
  return [...byAccount].map(([account, devices]) => {
    const first = devices.find((device) => !device.out) ?? devices[0] ?? own;
    const isHere = devices.some((device) => device.self || device.peer !== undefined);
    return { account, name: first.name, own: devices.includes(own), here: isHere, devices };
  });
}

function deviceOf(id: DeviceId, peer: PeerView | undefined, members: Known['members']): PersonDevice {
  const member = members.get(id);
  return {
    id,
    name: peer?.name ?? member?.name ?? '',
    kind: peer?.device ?? member?.kind ?? 'browser',
    self: false,
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
