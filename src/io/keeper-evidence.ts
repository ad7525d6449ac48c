// Evidence of what somebody said or calls themselves (src/keys/evidence.ts), made from the entry and the key that are kept.
import { encodeEvidence } from '../keys/evidence.ts';
import { epochOf, open } from '../keys/epoch.ts';
import type { TalkValues } from '../talk/ports.ts';
import { encodeEntry, parseEntryId, type DeviceId, type Entry, type EntryId } from '../wire/entry.ts';
import { readEntry } from './keeper-apply.ts';
import type { Stage } from './keeper-stage.ts';

/** `id`: of a message, or of a profile. Undefined if it is this person's own, was taken back, or cannot be read here. */
export async function evidenceOf(stage: Stage, id: EntryId): Promise<TalkValues['evidence'] | undefined> {
  await stage.load([id]);
  const message = stage.message(id);
  const named = parseEntryId(id);
  if (named === undefined || stage.isOwn(named.author)) return undefined;
  const circle = named.chain === stage.known.poolRoom ? [] : stage.room(named.chain)?.accounts;
  if (circle === undefined) return undefined;
  // Of a message that was edited, people see the edit now, and saw the rest before.
  const edit = message?.trail?.edit;
  const evidence = [];
  for (const each of edit === undefined ? [id] : [edit, id]) {
    const shown = await entryEvidence(stage, each, message?.state === 'here');
    if (shown !== undefined) evidence.push(shown);
  }
  return evidence.length === 0 ? undefined : { evidence, circle };
}

/** `read`: whether it is of a message that can be read here. */
async function entryEvidence(stage: Stage, id: EntryId, read: boolean): Promise<Uint8Array | undefined> {
  const named = parseEntryId(id);
  if (named === undefined) return undefined;
  const entry = await readEntry(stage, named.author, named.chain, named.seq);
  if (entry === undefined || !(read || entry.kind === 'profile')) return undefined;
  const opened = await openedOf(stage, named.author, entry);
  return opened && encodeEvidence({ entry: encodeEntry(entry), opened });
}

/** Empty of a profile, which is not sealed. */
async function openedOf(stage: Stage, author: DeviceId, entry: Entry): Promise<Uint8Array | undefined> {
  const { kind, room, head, body } = entry;
  if (kind === 'profile') return new Uint8Array(0);
  const number = body && epochOf(body);
  if (body === undefined || number === undefined) return undefined;
  const key = (await stage.epoch(author, room, number))?.key;
  return key && open(key, head, body);
}
