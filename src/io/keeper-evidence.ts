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
  // Of a message that was edited, what people see is the edit.
  const shown = parseEntryId(message?.trail?.edit ?? id);
  if (shown === undefined || stage.isOwn(shown.author)) return undefined;
  const { author, chain, seq } = shown;
  const entry = await readEntry(stage, author, chain, seq);
  const circle = chain === stage.known.poolRoom ? [] : stage.room(chain)?.accounts;
  if (entry === undefined || circle === undefined) return undefined;
  const isShown = entry.kind === 'profile' || message?.state === 'here';
  const opened = isShown ? await openedOf(stage, author, entry) : undefined;
  return opened && { evidence: encodeEvidence({ entry: encodeEntry(entry), opened }), circle };
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
