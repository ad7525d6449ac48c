// Who is in which pool right now, on this node: so that nobody makes a pool theirs over the heads of those who are in it.
import type { Seat } from '../hooks.ts';
import type { Role } from '../../src/wire/signaling.ts';

export class Seats {
  /** Pool -> device -> role. As large as the hub's pools. */
  readonly #pools = new Map<string, Map<string, Role>>();

  took({ pool, member }: Seat): void {
    const members = this.#pools.get(pool) ?? new Map<string, Role>();
    this.#pools.set(pool, members.set(member.id, member.role));
  }

  left({ pool, member }: Seat): void {
    const members = this.#pools.get(pool);
    members?.delete(member.id);
    if (members?.size === 0) this.#pools.delete(pool);
  }

  /** Whether who has these devices may make `pool` theirs: nobody is in it, or one of the devices as its owner. */
  mayClaim(pool: string, devices: readonly string[]): boolean {
    const members = this.#pools.get(pool);
    return members === undefined || devices.some((device) => members.get(device) === 'owner');
  }
}
