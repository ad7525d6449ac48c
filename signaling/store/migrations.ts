// The tables, step by step, in SQL that SQLite, PostgreSQL and CockroachDB all take: text, bigint and bytea (SQLite takes any name
// of a type, and keeps bytes as they are), no triggers. A step is one statement, because CockroachDB runs no two changes of the
// schema in one transaction, and does no harm when it runs twice. What was released is never changed: what comes is added below.

/** What a step needs to be run at all. */
export const FOUNDATION: readonly string[] = [
  `create table if not exists leases (
    lease text primary key, holder text not null, fence bigint not null, until_ms bigint not null
  )`,
  `create table if not exists migrations (step bigint primary key, applied_ms bigint not null)`,
];

/** Step N is the Nth. */
export const MIGRATIONS: readonly string[] = [
  `create table if not exists accounts (
    id text primary key, name text not null, avatar bytea, tier text not null, created_ms bigint not null
  )`,

  `create table if not exists passkeys (
    credential_id text primary key, account text not null references accounts (id) on delete cascade,
    public_key bytea not null, counter bigint not null, transports text not null, name text not null,
    created_ms bigint not null, used_ms bigint
  )`,
  `create index if not exists passkeys_account on passkeys (account)`,

  `create table if not exists recovery_codes (
    code_hash text primary key, account text not null references accounts (id) on delete cascade
  )`,
  `create index if not exists recovery_codes_account on recovery_codes (account)`,

  `create table if not exists sessions (
    token_hash text primary key, account text not null references accounts (id) on delete cascade,
    created_ms bigint not null, expires_ms bigint not null
  )`,
  `create index if not exists sessions_account on sessions (account, created_ms)`,
  `create index if not exists sessions_expires on sessions (expires_ms)`,

  `create table if not exists devices (
    id text primary key, account text not null references accounts (id) on delete cascade, sign_key text not null,
    name text not null, type text not null, created_ms bigint not null, seen_ms bigint not null, revoked_ms bigint
  )`,
  `create index if not exists devices_account on devices (account)`,

  `create table if not exists pools (
    code text primary key, title text not null, created_by text references accounts (id) on delete set null,
    policy text not null, passphrase_hash text, listing text not null, created_ms bigint not null
  )`,
  `create index if not exists pools_created_by on pools (created_by)`,
  `create index if not exists pools_listing on pools (listing, code)`,

  `create table if not exists memberships (
    pool text not null references pools (code) on delete cascade,
    account text not null references accounts (id) on delete cascade,
    role text not null, joined_ms bigint not null, primary key (pool, account)
  )`,
  `create index if not exists memberships_account on memberships (account)`,

  `create table if not exists invitations (
    token_hash text primary key, pool text not null references pools (code) on delete cascade, role text not null,
    created_by text references accounts (id) on delete set null, created_ms bigint not null, expires_ms bigint not null,
    uses_left bigint not null check (uses_left >= 0)
  )`,
  `create index if not exists invitations_pool on invitations (pool)`,
  `create index if not exists invitations_created_by on invitations (created_by)`,
  `create index if not exists invitations_expires on invitations (expires_ms)`,

  // What is kept to judge by outlives whom and what it names: no references.
  `create table if not exists reports (
    id text primary key, reporter_account text, reporter_device text not null, target_account text,
    target_device text not null, pool text not null, offence text not null, evidence bytea not null,
    times bigint not null, created_ms bigint not null, state text not null
  )`,
  `create index if not exists reports_state on reports (state, created_ms, id)`,
  `create index if not exists reports_reporter on reports (reporter_device, state)`,
  `create index if not exists reports_target_account on reports (target_account, created_ms)`,
  `create index if not exists reports_target_device on reports (target_device, created_ms)`,

  `create table if not exists strikes (
    id text primary key, subject_kind text not null, subject text not null, points bigint not null, reason text not null,
    created_ms bigint not null, expires_ms bigint not null
  )`,
  `create index if not exists strikes_subject on strikes (subject_kind, subject)`,
  `create index if not exists strikes_expires on strikes (expires_ms)`,

  `create table if not exists bans (
    subject_kind text not null, subject text not null, until_ms bigint not null, reason text not null, by_account text,
    created_ms bigint not null, primary key (subject_kind, subject)
  )`,
  `create index if not exists bans_until on bans (until_ms)`,

  `create table if not exists audit (
    id text primary key, at_ms bigint not null, who text not null, what text not null, target text not null,
    detail text not null
  )`,
  `create index if not exists audit_at on audit (at_ms, id)`,

  `create table if not exists server_keys (
    kid text primary key, private_key bytea not null, public_key bytea not null, created_ms bigint not null,
    retired_ms bigint
  )`,

  // With the entry that is told of, and the circle it stood in. Nobody could report anything before: there is nothing to keep. What
  // is large comes last: SQLite reads a row up to the last column that is asked for.
  `drop table if exists reports`,
  `create table if not exists reports (
    id text primary key, reporter_account text, reporter_device text not null, target_account text,
    target_device text not null, pool text not null, entry text not null, offence text not null, times bigint not null,
    created_ms bigint not null, state text not null, struck_ms bigint, circle bytea not null, evidence bytea not null
  )`,
  `create index if not exists reports_state on reports (state, created_ms, id)`,
  `create index if not exists reports_reporter_device on reports (reporter_device, state)`,
  `create index if not exists reports_reporter_account on reports (reporter_account, state, created_ms)`,
  `create index if not exists reports_target_account on reports (target_account, created_ms)`,
  `create index if not exists reports_target_device on reports (target_device, created_ms)`,
  `create index if not exists reports_entry on reports (entry, created_ms)`,

  `create index if not exists audit_target on audit (target, at_ms)`,

  `create table if not exists pending (
    token_hash text primary key, purpose text not null, value text not null, expires_ms bigint not null
  )`,
  `create index if not exists pending_expires on pending (expires_ms)`,
];
