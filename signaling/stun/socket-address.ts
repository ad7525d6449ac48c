// The address of a UDP socket: as text, as bytes, and as the name it goes by.
import { isIPv4, isIPv6 } from 'node:net';

export interface SocketAddress {
  /** Canonical: an IPv4 address that came mapped into IPv6 stands as IPv4, IPv6 without a zone. */
  readonly address: string;
  /** 0 .. 65,535. */
  readonly port: number;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** As sockets and candidates give it; undefined if `address` is no IP address or `port` no port. */
export function socketAddress(address: string, port: number): SocketAddress | undefined {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
  const [bare = ''] = address.split('%');
  const plain = MAPPED.exec(bare)?.[1] ?? bare;
  if (isIPv4(plain)) return { address: plain, port };
  return isIPv6(plain) ? { address: addressText(ipv6Bytes(plain)), port } : undefined;
}

/** `192.0.2.1:3478` or `[2001:db8::1]:3478`: one name for one socket, however its address was spelled. */
export function socketName({ address, port }: SocketAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** 4 or 16 bytes in network order of a canonical address. */
export function addressBytes(address: string): Uint8Array {
  return isIPv4(address) ? Uint8Array.from(address.split('.'), Number) : ipv6Bytes(address);
}

/** Of 4 or 16 bytes; IPv6 as RFC 5952 shortens it. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  // URLs are the one serializer of IPv6 that the platform has.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Whose rate is counted together: one IPv4 address, or the /64 that one IPv6 household has. */
export function sourceKey({ address }: SocketAddress): string {
  return address.includes(':') ? Buffer.from(ipv6Bytes(address).subarray(0, 8)).toString('hex') : address;
}

function ipv6Bytes(address: string): Uint8Array {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = hex.split('::');
  const groupsOf = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}
