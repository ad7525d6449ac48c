// Control datagrams that are not the core's: a schema says how one kind of value becomes bytes and back, the registry knows
// the schemas of both ends by number. The bytes travel in a `control` frame; what they mean is nobody's business below.
import { CONTROL_BYTES_MAX } from './frames.ts';
import { Cursor, template, type Fields, type Values } from './template.ts';

/** Ids from here on are the application's; those below are Rockpool's own (1 and 2: control streams). */
export const APPLICATION_SCHEMA_MIN = 256;
const SCHEMA_ID_MAX = 0xffff;

/** A builder: both ends of a link must give the same id to the same layout. */
export interface DatagramSchema<T, N extends string = string> {
  /** 256 to 65,535. */
  readonly id: number;
  /** What `decode` calls its values by; unique in a registry. */
  readonly name: N;
  /** Longest payload, 1 to CONTROL_BYTES_MAX. What a remote sends beyond it never reaches `read`. */
  readonly bytesMax: number;
  /** Writes the value at the cursor. May throw: nothing is sent then. */
  write(to: Cursor, value: T): void;
  /** Reads all of what `write` wrote; undefined if that is no such value. Byte fields may be views into the datagram. */
  read(from: Cursor): T | undefined;
}

/**
 * unknown-schema: no builder has that id. builder-failed: it threw, or wrote nothing. too-large: more than its bytesMax.
 * malformed: the builder refused the bytes, or left some over.
 */
export type SchemaCode = 'unknown-schema' | 'builder-failed' | 'too-large' | 'malformed';

/** `error`: what the builder threw, for a person to look into. */
export interface SchemaFailure {
  readonly kind: 'failed';
  readonly code: SchemaCode;
  readonly error?: unknown;
}

export type Encoded = { readonly kind: 'encoded'; readonly bytes: Uint8Array } | SchemaFailure;
/** `D`: a union of `{name, value}`, one for each schema of the registry. */
export type Decoded<D> = ({ readonly kind: 'decoded' } & D) | SchemaFailure;
interface Named {
  readonly name: string;
  readonly value: unknown;
}

/**
 * A schema of fixed fields, declared as data. `bytesMax` need only be given if the fields could be longer than a control
 * datagram may be. Throws as `SchemaRegistry.add` does, and so does not wait for a registry to notice.
 */
export function templateSchema<const N extends string, const F extends Fields>(
  id: number,
  name: N,
  fields: F,
  bytesMax?: number,
): DatagramSchema<Values<F>, N> {
  const layout = template(fields);
  const schema: DatagramSchema<Values<F>, N> = {
    id,
    name,
    bytesMax: bytesMax ?? Math.min(layout.bytesMax, CONTROL_BYTES_MAX),
    write(to, value) {
      layout.check(value);
      layout.write(to, value);
    },
    read: (from) => layout.read(from),
  };
  check(schema);
  return schema;
}

/**
 * What both ends agree on. `add` gives back the registry with the schema's type joined to it, so that a switch over the
 * `name` of what was decoded knows the value:
 *
 *     const registry = new SchemaRegistry().add(CURSOR).add(WAVE);
 */
export class SchemaRegistry<D extends Named = never> {
  readonly #byId = new Map<number, DatagramSchema<unknown>>();
  /** Room for a builder that writes too much: that is found out afterwards. */
  readonly #scratch = new Uint8Array(2 * CONTROL_BYTES_MAX);

  /** Throws a RangeError if the id or the name is taken, or the id or bytesMax is out of range. */
  add<T, N extends string>(schema: DatagramSchema<T, N>): SchemaRegistry<D | { readonly name: N; readonly value: T }> {
    check(schema);
    for (const { id, name } of this.#byId.values()) {
      if (id === schema.id) throw new RangeError(`id: expected one that is free, got ${id}, which is ${name}`);
      if (name === schema.name) throw new RangeError(`name: expected one that is free, got ${name}, which is ${id}`);
    }
    this.#byId.set(schema.id, schema as DatagramSchema<unknown>);
    return this as SchemaRegistry<Named> as SchemaRegistry<D | { readonly name: N; readonly value: T }>;
  }

  /** The payload of one control datagram, in bytes of its own. Never throws on what a builder does. */
  encode<T>(schema: DatagramSchema<T>, value: T): Encoded {
    if (this.#byId.get(schema.id) !== schema) return failed('unknown-schema');
    const to = new Cursor(this.#scratch);
    try {
      schema.write(to, value);
    } catch (error) {
      this.#scratch.fill(0);
      // At the end of the buffer the setters throw: that is too much, too.
      return to.at > schema.bytesMax ? failed('too-large') : { ...failed('builder-failed'), error };
    }
    // Bytes that a builder skips must be zeros, and nobody else's.
    const bytes = this.#scratch.slice(0, Math.max(0, to.at));
    this.#scratch.fill(0);
    if (!Number.isInteger(to.at) || to.at <= 0) return failed('builder-failed');
    return to.at > schema.bytesMax ? failed('too-large') : { kind: 'encoded', bytes };
  }

  /** What a remote sent under `id`. Never throws, whatever the bytes are and the builder does. */
  decode(id: number, bytes: Uint8Array): Decoded<D> {
    const schema = this.#byId.get(id);
    if (schema === undefined) return failed('unknown-schema');
    if (bytes.length > schema.bytesMax) return failed('too-large');
    const from = new Cursor(bytes);
    try {
      const value = schema.read(from);
      if (value === undefined || from.failed || from.at !== bytes.length) return failed('malformed');
      return { kind: 'decoded', name: schema.name, value } as unknown as Decoded<D>;
    } catch (error) {
      return { ...failed('builder-failed'), error };
    }
  }
}

const failed = (code: SchemaCode): SchemaFailure => ({ kind: 'failed', code });

function check({ id, bytesMax }: Pick<DatagramSchema<never>, 'id' | 'bytesMax'>): void {
  if (!Number.isInteger(id) || id < APPLICATION_SCHEMA_MIN || id > SCHEMA_ID_MAX) {
    throw new RangeError(`id: expected ${APPLICATION_SCHEMA_MIN} to ${SCHEMA_ID_MAX}, got ${id}`);
  }
  if (!Number.isInteger(bytesMax) || bytesMax < 1 || bytesMax > CONTROL_BYTES_MAX) {
    throw new RangeError(`bytesMax: expected 1 to ${CONTROL_BYTES_MAX}, got ${bytesMax}`);
  }
}
