// Devices whose keepers hold logs and no keys: for tests of who fetches what.
import type { TalkOptions } from '../../src/talk/options.ts';
import { LogKeeper, POOL_ROOM } from './log-keeper.ts';
import { START_MS, type Device, type Net } from './net.ts';

export interface LogDevice {
  device: Device;
  keeper: LogKeeper;
}

/** `names.length` devices, not linked; each has written as many entries as it says. */
export async function devices(
  net: Net,
  written: readonly number[],
  options: Partial<TalkOptions> = {},
): Promise<LogDevice[]> {
  const all = written.map((count, i) => {
    const keeper = new LogKeeper(net.random.bytes(32));
    for (let n = 1; n <= count; n++) keeper.write(line(i, n), START_MS - 1_000_000 + n);
    return { keeper, device: start(net, keeper, `device ${i}`, options) };
  });
  await net.run(10);
  return all;
}

export function start(net: Net, keeper: LogKeeper, name: string, options: Partial<TalkOptions> = {}): Device {
  const met = { device: keeper.self, signKey: keeper.key, agreeKey: keeper.key, name, kind: 'browser' } as const;
  return net.start({ met: { ...met, role: 'member' }, keeper, options });
}

const line = (device: number, n: number): string => `entry ${n} of device ${device}, `.padEnd(120, '.');

export const say = async (net: Net, { device }: LogDevice, text = 'hello'): Promise<void> => {
  await net.say(device, POOL_ROOM, text.padEnd(120, '.'));
};

/** All hold the same. */
export function alike(all: readonly LogDevice[]): boolean {
  const [first, ...others] = all.map(({ keeper }) => keeper.held.join());
  return others.every((held) => held === first);
}
