// What this tab brings to the doors of pools: passphrases that were typed and invitations that links brought, until it is closed.

export interface Brought {
  readonly passphrase?: string;
  readonly invitation?: string;
}

/** By pool. */
export const brought: Map<string, Brought> = new Map();
