// The tables of `talk.sqlite`, version by version. What has been released is never changed: what comes is added below.

/** `record`: the rest of a record as JSON. Times are hybrid times, but for `visited_ms`. */
const FIRST = `
CREATE TABLE pools (
  pool TEXT PRIMARY KEY, visited_ms INTEGER NOT NULL, unread INTEGER NOT NULL, gone INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE chains (
  pool TEXT, author TEXT, chain TEXT, hash BLOB NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY (pool, author, chain)
) STRICT, WITHOUT ROWID;
CREATE TABLE members (
  pool TEXT, device TEXT, sign_key BLOB NOT NULL, agree_key BLOB, record TEXT NOT NULL,
  PRIMARY KEY (pool, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE rooms (
  pool TEXT, id TEXT, record TEXT NOT NULL,
  PRIMARY KEY (pool, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE entries (
  pool TEXT, author TEXT, chain TEXT, seq INTEGER, bytes BLOB NOT NULL,
  PRIMARY KEY (pool, author, chain, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE epochs (
  pool TEXT, author TEXT, room TEXT, number INTEGER, key BLOB, record TEXT NOT NULL,
  PRIMARY KEY (pool, author, room, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE waiting (
  pool TEXT, awaited TEXT, author TEXT, chain TEXT, seq INTEGER,
  PRIMARY KEY (pool, awaited, author, chain, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE proofs (
  pool TEXT, author TEXT, chain TEXT, seq INTEGER, one BLOB NOT NULL, other BLOB NOT NULL,
  PRIMARY KEY (pool, author, chain, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE messages (
  pool TEXT NOT NULL, id TEXT NOT NULL, room TEXT NOT NULL, created INTEGER NOT NULL, author TEXT NOT NULL,
  seq INTEGER NOT NULL, here INTEGER NOT NULL, saved INTEGER NOT NULL, searched TEXT NOT NULL, record TEXT NOT NULL,
  UNIQUE (pool, id)
) STRICT;
CREATE INDEX messages_of_room ON messages (pool, room, created, author, seq, here);
CREATE INDEX messages_by_time ON messages (created, author, seq);
CREATE INDEX messages_saved ON messages (created, author, seq) WHERE saved = 1;
`;

/** Announcements are found at once; what has arrived may wake what waits for it in several goes. */
const SECOND = `
ALTER TABLE messages ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
UPDATE messages SET pinned = 1 WHERE here = 1 AND json_extract(record, '$.announcement');
CREATE INDEX messages_pinned ON messages (pool, room, created, author, seq) WHERE pinned = 1;
CREATE TABLE due (
  pool TEXT, awaited TEXT, author TEXT, chain TEXT, seq INTEGER,
  PRIMARY KEY (pool, awaited)
) STRICT, WITHOUT ROWID;
`;

export const MIGRATIONS: readonly string[] = [FIRST, SECOND];
