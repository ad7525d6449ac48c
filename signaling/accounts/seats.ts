// Whose a pool is that nobody keeps: so that nobody makes it theirs over the heads of those who are in it.
import type { Present } from '../hub-ports.ts';

/** Whether who has these devices may: nobody is in it, or one of the devices as its owner. */
export function mayClaim(present: readonly Present[], devices: readonly string[]): boolean {
  return present.length === 0 || present.some(({ id, role }) => role === 'owner' && devices.includes(id));
}
