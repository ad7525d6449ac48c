// Devices with real keys, keepers and stores on the virtual network, made from a seed.
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import { Keeper } from '../../src/io/keeper.ts';
import { importDeviceKeys, type DeviceKeys } from '../../src/keys/identity.ts';
import type { Random } from '../../src/sim/random.ts';
import type { TalkOptions } from '../../src/talk/options.ts';
import type { MetDevice } from '../../src/talk/ports.ts';
import type { MessageRecord } from '../../src/talk/records.ts';
import { joined, fromHex } from '../../src/wire/bytes.ts';
import { START_MS, type Device, type Net } from './net.ts';

export const POOL = 'calm-otter-rests-here';

/** Before the 32 bytes of a private key in PKCS #8 (RFC 8410). */
const PKCS8 = { Ed25519: '302e020100300506032b657004220420', X25519: '302e020100300506032b656e04220420' };

export function keysFrom(random: Random): Promise<DeviceKeys> {
  const pkcs8 = (kind: keyof typeof PKCS8): Uint8Array => joined(fromHex(PKCS8[kind]), random.bytes(32));
  return importDeviceKeys({ signing: pkcs8('Ed25519'), agreeing: pkcs8('X25519') });
}

/** A person with one device. It may stop and start again with what it kept. */
export class Person {
  readonly name: string;
  readonly keys: DeviceKeys;
  readonly skewMs: number;
  readonly store: MemoryTalkStore = new MemoryTalkStore();
  readonly #net: Net;
  readonly #options: Partial<TalkOptions>;
  keeper: Keeper;
  device: Device;

  private constructor(net: Net, name: string, keys: DeviceKeys, skewMs: number, options: Partial<TalkOptions>) {
    this.#net = net;
    this.name = name;
    this.keys = keys;
    this.skewMs = skewMs;
    this.#options = options;
    this.keeper = this.#newKeeper();
    this.device = this.#start();
  }

  static async join(net: Net, name: string, skewMs = 0, options: Partial<TalkOptions> = {}): Promise<Person> {
    return new Person(net, name, await keysFrom(net.random.fork()), skewMs, options);
  }

  #newKeeper(): Keeper {
    const random = this.#net.random.fork();
    return new Keeper({
      pool: POOL,
      keys: this.keys,
      name: this.name,
      kind: 'browser',
      store: this.store,
      random: (into) => into.set(random.bytes(into.length)),
      wallMs: () => START_MS + this.#net.clock.now + this.skewMs,
    });
  }

  #start(): Device {
    const { met, keeper, skewMs } = this;
    return this.#net.start({ met, keeper, skewMs, options: this.#options });
  }

  get id(): string {
    return this.keys.id;
  }

  get met(): MetDevice {
    const { id, signKey, agreeKey } = this.keys;
    return { device: id, signKey, agreeKey, name: this.name, kind: 'browser', role: 'member' };
  }

  /** Killed, and started again on the same disk. */
  restart(): void {
    this.#net.stop(this.device);
    this.keeper = this.#newKeeper();
    this.device = this.#start();
  }

  page(room: string = this.keeper.poolRoom): Promise<MessageRecord[]> {
    return this.keeper.page(room, 10_000);
  }

  async texts(room?: string): Promise<string[]> {
    return (await this.page(room)).map(({ state, text }) => (state === 'here' ? text : state)).reverse();
  }
}
