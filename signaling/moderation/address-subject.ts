// Network addresses as they are banned: one address or its network, each in one spelling.
import type { Subject } from '../hooks.ts';
import { addressBytes, addressText, socketAddress } from '../stun/socket-address.ts';

/** Bits of a network: of IPv4 one address, or 256; of IPv6 one household, or one site. The longer ones come first. */
const PREFIXES = { 4: [32, 24], 16: [64, 48] } as const;

/**
 * What bans may be called that hold for a client. `address`: as JoinAsked has it, an IPv4 address or the first 64 bits of an IPv6
 * one in hex. Empty for anything else.
 */
export function addressSubjects(address: string): readonly string[] {
  const bytes = /^[0-9a-f]{16}$/.test(address)
    ? new Uint8Array([...Buffer.from(address, 'hex'), ...Buffer.alloc(8)])
    : bytesOf(address);
  return bytes === undefined ? [] : prefixesOf(bytes).map((bits) => networkName(bytes, bits));
}

/** Whether `subject` is this client's address or its network. */
export const isFrom = (subject: Subject, address: string): boolean =>
  'address' in subject && addressSubjects(address).includes(subject.address);

/** `192.0.2.7`, `192.0.2.0/24`, `2001:db8::1` or `2001:db8::/48` as bans are called; undefined if it is nothing of the kind. */
export function parseAddressSubject(text: string): string | undefined {
  const [, address = '', length] = /^([^/]{1,64})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = bytesOf(address);
  if (bytes === undefined) return undefined;
  const bits = prefixesOf(bytes).find((each) => length === undefined || each === Number(length));
  return bits === undefined ? undefined : networkName(bytes, bits);
}

function bytesOf(address: string): Uint8Array | undefined {
  const known = socketAddress(address, 0);
  return known && addressBytes(known.address);
}

const prefixesOf = (bytes: Uint8Array): readonly number[] => (bytes.length === 4 ? PREFIXES[4] : PREFIXES[16]);

/** With all bits beyond `bits`, a multiple of 8, as zeros. */
const networkName = (bytes: Uint8Array, bits: number): string =>
  `${addressText(bytes.map((byte, index) => (index * 8 < bits ? byte : 0)))}/${bits}`;
