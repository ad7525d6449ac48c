// What this tab brings to the doors of pools: passphrases that were typed and invitations that links brought, until it is closed.
import type { Shown } from '../../src/io/account-ticket.ts';

/** By pool. */
export const brought: Map<string, Shown> = new Map();
