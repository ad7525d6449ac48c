// A message as a websocket carries it from a server, in one piece: `ws` writes head and payload in two.

/** RFC 6455, 5.2: one whole binary message, unmasked, as a server's are. [0x82][length u8, or 126 and u16 BE, or 127 and u64 BE][payload] */
export function binaryFrame(payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const start = length < 126 ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = 0x82;
  frame[1] = start === 2 ? length : start === 4 ? 126 : 127;
  if (start === 4) frame.writeUInt16BE(length, 2);
  else if (start === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, start);
  return frame;
}
