// One datagram schema with the checks that a registry makes around it.
import { SchemaRegistry, type DatagramSchema, type Decoded } from '../wire/registry.ts';

interface AnyValue {
  readonly name: string;
  readonly value: unknown;
}

export class SchemaCodec {
  readonly #schema: DatagramSchema<unknown>;
  readonly #registry: SchemaRegistry<AnyValue>;

  constructor(schema: DatagramSchema<unknown>) {
    this.#schema = schema;
    this.#registry = new SchemaRegistry().add(schema);
  }

  encode(value: unknown): Uint8Array {
    const encoded = this.#registry.encode(this.#schema, value);
    if (encoded.kind === 'encoded') return encoded.bytes;
    throw encoded.error ?? new RangeError(`${this.#schema.name}: expected at most its bytesMax, got ${encoded.code}`);
  }

  decode(bytes: Uint8Array): Decoded<AnyValue> {
    return this.#registry.decode(this.#schema.id, bytes);
  }
}
