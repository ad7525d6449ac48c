// From records to what is shown. Pure: the same record and viewer give the same view.
import { parseEntryId, type AccountId } from '../wire/entry.ts';
import type { MemberRecord, MessageRecord, RoomRecord } from './records.ts';
import { hlcMs, type MemberView, type MessageView, type RoomView, type Viewer } from './views.ts';

export function memberView({ account: ownAccount }: Viewer, record: MemberRecord): MemberView {
  const { device, name, kind, account, role, verifiedMs, out, doubleOf, metMs, profile } = record;
  const own = account === ownAccount;
  const verified = verifiedMs !== undefined;
  return { device, name, kind, account, own, role, verified, out, doubleOf, metMs, profile: profile?.entry };
}

export function roomView(viewer: Viewer, record: RoomRecord): RoomView {
  const { id, kind, accounts, founder, readTo, unread, lastCreated } = record;
  const open = kind === 'pool' || accounts.includes(viewer.account) || accounts.includes(viewer.self);
  const isFounder = kind === 'zone' && founder === viewer.account;
  const name = kind === 'whisper' ? namesOf(viewer, accounts) : record.name;
  return { id, kind, name, accounts, open, founder: isFounder, readTo, unread, lastCreated };
}

/** A whisper is called by those one whispers with; a person by the name of a device, the one met last. */
function namesOf({ account: own, members }: Viewer, accounts: readonly AccountId[]): string {
  const names = accounts.flatMap((account) => {
    if (account === own) return [];
    const devices = [...members.values()].filter((member) => member.account === account);
    const last = devices.sort((a, b) => b.metMs - a.metMs)[0];
    return last === undefined ? [] : [last.name];
  });
  return names.join(', ');
}

export function messageView(viewer: Viewer, record: MessageRecord): MessageView {
  const { id, author, room, created, state, text, files, edited, replyTo, notify, saved } = record;
  const member = viewer.members.get(author);
  const account = author === viewer.self ? viewer.account : (member?.account ?? author);
  const own = account === viewer.account;
  return {
    id,
    room,
    from: author,
    account,
    name: member?.name ?? '',
    own,
    state,
    text,
    files,
    created,
    sentMs: hlcMs(created),
    editedMs: edited === undefined ? undefined : hlcMs(edited),
    replyTo,
    reactions: reactionsOf(viewer, record),
    callsMe: !own && state === 'here' && (notify === 'everyone' || notify.includes(viewer.account)),
    notify,
    announcement: record.announcement && member?.role === 'owner',
    vote: record.important ? voteOf(viewer, record) : undefined,
    saved,
    noted: record.noted === true || hasVoted(viewer, record),
    retractedBy: holdersOfRetract(viewer, record),
  };
}

const accountIn = ({ self, account, members }: Viewer, device: string): AccountId =>
  device === self ? account : (members.get(device)?.account ?? device);

function reactionsOf(viewer: Viewer, { reactions }: MessageRecord): MessageView['reactions'] {
  const byEmoji = new Map<string, Set<AccountId>>();
  for (const { emoji, device } of reactions) {
    const accounts = byEmoji.get(emoji) ?? new Set();
    byEmoji.set(emoji, accounts.add(accountIn(viewer, device)));
  }
  return [...byEmoji].map(([emoji, accounts]) => ({ emoji, accounts: [...accounts] }));
}

/** On whichever of their devices. */
const hasVoted = (viewer: Viewer, { votes }: MessageRecord): boolean =>
  votes.some((device) => accountIn(viewer, device) === viewer.account);

function voteOf(viewer: Viewer, { votes, electorate }: MessageRecord): NonNullable<MessageView['vote']> {
  const voted = new Set(votes.map((device) => accountIn(viewer, device)));
  const by = electorate.filter((account) => voted.has(account));
  return { by, of: electorate.length, confirmed: by.length * 2 > electorate.length };
}

function holdersOfRetract({ self, holders }: Viewer, { id, retractSeq }: MessageRecord): MessageView['retractedBy'] {
  const entry = parseEntryId(id);
  if (entry === undefined || retractSeq === undefined) return [];
  return holders(entry.author, entry.chain, retractSeq).filter((device) => device !== self);
}
