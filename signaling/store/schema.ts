// The rows of every table, as TypeScript has them: names are in camel case here and in snake case in SQL. What a field may hold is
// fields.ts', how tables are made migrations.ts'. Times are ms since 1970, ids 32 hex digits, if nothing else is said.
import type { Transaction } from 'kysely';
import type { LISTINGS, POLICIES, REPORT_STATES, ROLES, SUBJECT_KINDS, TIERS } from './fields.ts';

export type Tier = (typeof TIERS)[number];
export type Role = (typeof ROLES)[number];
export type Policy = (typeof POLICIES)[number];
export type SubjectKind = (typeof SUBJECT_KINDS)[number];
export type ReportState = (typeof REPORT_STATES)[number];

export interface AccountRow {
  readonly id: string;
  readonly name: string;
  /** A picture; null: none. */
  readonly avatar: Uint8Array | null;
  /** What the server's policy makes of it. */
  readonly tier: Tier;
  readonly createdMs: number;
}

export interface PasskeyRow {
  /** base64url. */
  readonly credentialId: string;
  readonly account: string;
  /** COSE. */
  readonly publicKey: Uint8Array;
  /** Of signatures; 0 as long as the authenticator does not count. */
  readonly counter: number;
  /** Words with commas between them. */
  readonly transports: string;
  readonly name: string;
  readonly createdMs: number;
  /** null: never yet. */
  readonly usedMs: number | null;
}

export interface RecoveryCodeRow {
  readonly codeHash: string;
  readonly account: string;
}

/** Of a browser that signed in. */
export interface SessionRow {
  readonly tokenHash: string;
  readonly account: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}

export interface DeviceRow {
  /** What Rockpool calls the device: the start of its sign key's hash. */
  readonly id: string;
  readonly account: string;
  /** Ed25519, base64url. */
  readonly signKey: string;
  readonly name: string;
  /** A word: `browser`, `terminal`. */
  readonly type: string;
  readonly createdMs: number;
  readonly seenMs: number;
  /** null: it is not. Nothing takes that back. */
  readonly revokedMs: number | null;
}

export interface PoolRow {
  readonly code: string;
  readonly title: string;
  /** null: the account is gone. */
  readonly createdBy: string | null;
  readonly policy: Policy;
  /** There if, and only if, the policy is `passphrase`. */
  readonly passphraseHash: string | null;
  /** Whether everybody may find it. */
  readonly listing: (typeof LISTINGS)[number];
  readonly createdMs: number;
}

export interface MembershipRow {
  readonly pool: string;
  readonly account: string;
  readonly role: Role;
  readonly joinedMs: number;
}

export interface InvitationRow {
  readonly tokenHash: string;
  readonly pool: string;
  readonly role: Role;
  /** null: the account is gone. */
  readonly createdBy: string | null;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly usesLeft: number;
}

export interface ReportRow {
  readonly id: string;
  /** null: a guest. */
  readonly reporterAccount: string | null;
  readonly reporterDevice: string;
  readonly targetAccount: string | null;
  readonly targetDevice: string;
  readonly pool: string;
  /** What it is about: SHA-256 of the entry's head, in hex. All that its author signed is in there. */
  readonly entry: string;
  /** Accounts of the whisper it stood in, 16 bytes each; empty: it stood in the pool's own chain. */
  readonly circle: Uint8Array;
  /** A word for what was done. */
  readonly offence: string;
  /** Signed by the target; whoever adds the row has checked it. */
  readonly evidence: Uint8Array;
  /** How often it was sent. */
  readonly times: number;
  readonly createdMs: number;
  readonly state: ReportState;
  /** When it made up a strike by the server, with others; null: it did not. */
  readonly struckMs: number | null;
}

/** `subject`: an id, or an address with its prefix length. */
export interface Subject {
  readonly subjectKind: SubjectKind;
  readonly subject: string;
}

/** Who is reported: an account, or a device that is no account's. */
export interface Person extends Subject {
  readonly subjectKind: 'account' | 'device';
}

export interface StrikeRow extends Subject {
  readonly id: string;
  readonly points: number;
  readonly reason: string;
  readonly createdMs: number;
  /** From then on it does not count. */
  readonly expiresMs: number;
}

export interface BanRow extends Subject {
  readonly untilMs: number;
  readonly reason: string;
  /** null: the server itself. */
  readonly byAccount: string | null;
  readonly createdMs: number;
}

/** Nothing changes or deletes these. */
export interface AuditRow {
  readonly id: string;
  readonly atMs: number;
  /** An account, or `server`. */
  readonly who: string;
  /** A word. */
  readonly what: string;
  /** The id, code or address that it was done to. */
  readonly target: string;
  readonly detail: string;
}

/** What tickets are signed with: Ed25519. */
export interface ServerKeyRow {
  readonly kid: string;
  /** PKCS #8. */
  readonly privateKey: Uint8Array;
  /** SPKI. */
  readonly publicKey: Uint8Array;
  readonly createdMs: number;
  /** Signs no more from then on, and is still believed; null: it signs. */
  readonly retiredMs: number | null;
}

/** Something that is good once: a challenge, a code. */
export interface PendingRow {
  readonly tokenHash: string;
  /** A word for what it is good for. */
  readonly purpose: string;
  /** What whoever has it stands for. */
  readonly value: string;
  readonly expiresMs: number;
}

export interface LeaseRow {
  readonly lease: string;
  readonly holder: string;
  /** Larger each time somebody takes it. */
  readonly fence: number;
  readonly untilMs: number;
}

export interface MigrationRow {
  /** From 1. */
  readonly step: number;
  readonly appliedMs: number;
}

export interface Schema {
  accounts: AccountRow;
  passkeys: PasskeyRow;
  recoveryCodes: RecoveryCodeRow;
  sessions: SessionRow;
  devices: DeviceRow;
  pools: PoolRow;
  memberships: MembershipRow;
  invitations: InvitationRow;
  reports: ReportRow;
  strikes: StrikeRow;
  bans: BanRow;
  audit: AuditRow;
  serverKeys: ServerKeyRow;
  pending: PendingRow;
  leases: LeaseRow;
  migrations: MigrationRow;
}

/** What all queries are made with: `Database.transact` gives it, and it is of no use after that. */
export type Tx = Transaction<Schema>;
