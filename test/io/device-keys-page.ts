// The page of device-keys-browser.browser.test.ts: holds keys as the app does, and tells of them what may be told.
import { holdDeviceKeys } from '../../src/io/device-keys-browser.ts';
import { sign, verify } from '../../src/keys/identity.ts';

declare global {
  var hold: (last?: number) => Promise<{
    readonly id: string;
    readonly slot: number | undefined;
    /** Private keys that a script could read out. */
    readonly extractable: boolean;
    /** What they sign holds. */
    readonly signs: boolean;
  }>;
}

globalThis.hold = async (last) => {
  const { keys, slot } = await holdDeviceKeys(last);
  const bytes = Uint8Array.of(1, 2, 3);
  return {
    id: keys.id,
    slot,
    extractable: keys.signing.extractable || keys.agreeing.privateKey.extractable,
    signs: await verify(keys.signKey, 'label', bytes, await sign(keys, 'label', bytes)),
  };
};
