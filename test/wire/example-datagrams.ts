import { SchemaRegistry, templateSchema } from 'rockpool';
import type { DatagramSchema, Link, LinkOutput } from 'rockpool';

// 1. Declare. Fixed fields are data; their order here is their order on the wire.
const POINTER = templateSchema(256, 'pointer', { x: 'f32', y: 'f32', buttons: 'u8' });

// Anything else is a builder of your own.
const DICE: DatagramSchema<readonly number[], 'dice'> = {
  id: 257,
  name: 'dice',
  bytesMax: 8,
  write(to, dice) {
    for (const die of dice) to.putU8(die);
  },
  read(from) {
    const dice: number[] = [];
    while (from.left > 0) dice.push(from.u8());
    return dice.every((die) => die >= 1 && die <= 6) ? dice : undefined;
  },
};

// 2. Register, the same on both ends.
const registry = new SchemaRegistry().add(POINTER).add(DICE);

// 3. Send. A pointer that is 100 ms old is of no use any more: the link then drops it instead.
export function point(link: Link, now: number, x: number, y: number): void {
  const encoded = registry.encode(POINTER, { x, y, buttons: 0 });
  if (encoded.kind === 'encoded') link.sendControl(now, POINTER.id, encoded.bytes, now + 100);
}

export function roll(link: Link, now: number, dice: readonly number[]): string {
  const encoded = registry.encode(DICE, dice);
  return encoded.kind === 'encoded' ? link.sendControl(now, DICE.id, encoded.bytes, now + 2000) : encoded.code;
}

// 4. Receive, from the outputs of the link.
export function told(output: LinkOutput): string | undefined {
  if (output.kind !== 'control') return undefined;
  const decoded = registry.decode(output.schema, output.bytes);
  if (decoded.kind === 'failed') return decoded.code;
  switch (decoded.name) {
    case 'pointer':
      return `points at ${decoded.value.x}, ${decoded.value.y}`;
    case 'dice':
      return `rolled ${decoded.value.join(' and ')}`;
  }
}
