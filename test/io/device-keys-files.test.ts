// The device's keys on disk: the same device each time, never one in two processes, never in reach of others.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { holdDeviceKeys, type HeldKeys } from '../../src/io/device-keys-files.ts';
import { sign, verify } from '../../src/keys/identity.ts';

let folder: string;
const held: HeldKeys[] = [];
/** A process that a test began. */
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'rockpool-keys-')), 'data');
});

afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await Promise.all(held.splice(0).map(({ release }) => release()));
  await rm(join(folder, '..'), { recursive: true });
});

async function hold(): Promise<HeldKeys> {
  const one = await holdDeviceKeys(folder);
  held.push(one);
  return one;
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('the keys of a device', () => {
  test('are made at the first time, in a file that only its owner reads, and are the same from then on', async () => {
    const first = await hold();
    expect(await modeOf(folder)).toBe(0o700);
    expect(await modeOf(join(folder, 'device-0.key'))).toBe(0o600);
    await first.release();
    const again = await hold();
    expect(again.keys.id).toBe(first.keys.id);
    expect(again.keys.agreeKey).toEqual(first.keys.agreeKey);
    const bytes = Uint8Array.of(1, 2, 3);
    expect(await verify(first.keys.signKey, 'label', bytes, await sign(again.keys, 'label', bytes))).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['device-0.key', 'device-0.lock']);
  });

  test('cannot be taken out of the process again', async () => {
    const { keys } = await hold();
    await expect(crypto.subtle.exportKey('pkcs8', keys.signing)).rejects.toThrow('not extractable');
  });

  test('are of another device while somebody is at them, and each is free once it is let go of', async () => {
    const [a, b, c] = [await hold(), await hold(), await hold()];
    expect(new Set([a, b, c].map(({ keys }) => keys.id)).size).toBe(3);
    await b.release();
    expect((await hold()).keys.id).toBe(b.keys.id);
  });

  test('are each taken once by many who come at one moment', async () => {
    const ids = (await Promise.all(Array.from({ length: 12 }, () => hold()))).map(({ keys }) => keys.id);
    expect(new Set(ids).size).toBe(12);
    expect((await readdir(folder)).filter((name) => name.endsWith('.key'))).toHaveLength(12);
  });

  test('are free again when the process that was at them was killed, and not while it lives', async () => {
    const first = await hold();
    await first.release();
    child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    await writeFile(join(folder, 'device-0.lock'), JSON.stringify({ pid: child.pid, started, boot }));
    const second = await hold();
    expect(second.keys.id).not.toBe(first.keys.id);
    await second.release();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await hold()).keys.id).toBe(first.keys.id);
  });

  test('are another machine’s as long as that one touches its lock, and free when it has not for a while', async () => {
    const first = await hold();
    await first.release();
    const lock = join(folder, 'device-0.lock');
    await writeFile(lock, JSON.stringify({ pid: 1, started: '1', boot: 'another' }));
    const second = await hold();
    expect(second.keys.id).not.toBe(first.keys.id);
    const long = new Date(Date.now() - 90_000);
    await utimes(lock, long, long);
    expect((await hold()).keys.id).toBe(first.keys.id);
  });
});

describe('keys are refused', () => {
  test.each(['640', '604', '620', '666'])('if others may get at the file: mode %s', async (mode) => {
    await (await hold()).release();
    await chmod(join(folder, 'device-0.key'), Number.parseInt(mode, 8));
    await expect(holdDeviceKeys(folder)).rejects.toMatchObject({ code: 'keys-exposed' });
    await chmod(join(folder, 'device-0.key'), 0o600);
    await hold(); // and the slot was let go of
  });

  test.each(['770', '707'])('if others may write to the directory: mode %s', async (mode) => {
    await mkdir(folder);
    await chmod(folder, Number.parseInt(mode, 8));
    await expect(holdDeviceKeys(folder)).rejects.toMatchObject({ code: 'keys-exposed' });
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ['empty', ''],
    ['no JSON', 'keys'],
    ['no object', 'null'],
    ['without keys', '{}'],
    ['of other things', '{"signing":"AAAA","agreeing":"AAAA"}'],
    ['much too long', 'x'.repeat(10_000)],
  ])('from a file that is %s, and it is left as it is', async (_what, text) => {
    await mkdir(folder, { mode: 0o700 });
    const path = join(folder, 'device-0.key');
    await writeFile(path, text, { mode: 0o600 });
    await expect(holdDeviceKeys(folder)).rejects.toMatchObject({ code: 'keys-damaged' });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  test('from a directory that cannot be one', async () => {
    await writeFile(folder, '');
    await expect(holdDeviceKeys(folder)).rejects.toMatchObject({ code: 'keys-not-kept' });
  });
});
