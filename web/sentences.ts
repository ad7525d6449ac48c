// What went wrong and what to do next, in plain words: one sentence for every code that can reach a person.
import type { EndCode, SocketCode } from '../src/wire/codes.ts';
import type { TransferView, UnboundCode } from '../src/pool/views.ts';
import { TalkError, type TalkErrorCode } from '../src/io/talk-face.ts';
import type { TalkEvent } from '../src/talk/views.ts';
import type { SharedFiles } from '../src/wire/talk.ts';
import { assertNever } from './assert.ts';
import { countOf, formatBytes, formatDuration, formatPercent } from './format.ts';

/** It is not this page that stores and sends. */
let hosted = false;

/** From now on sentences are about the host whose window this page is. */
export function speakForHost(): void {
  hosted = true;
}

/** `Shared a.txt (4 B)`, `Shared 3 files (12 MB), a.txt among them`. */
export function sharedSentence({ files, count, bytes }: SharedFiles): string {
  const [first] = files;
  const size = formatBytes(bytes);
  if (count === 1) return `Shared ${first?.name ?? ''} (${size})`;
  return `Shared ${countOf(count, 'file')} (${size}), ${first?.name ?? ''} among them`;
}

/** How a transfer stands, for the colour and shape of its current. */
export type Tone = 'live' | 'still' | 'done' | 'calm' | 'failed';

/** A transfer's tone. What a person chose (declined, cancelled, withdrawn) is calm, never an alarm. */
export function toneOf(transfer: Pick<TransferView, 'state' | 'end'>): Tone {
  if (transfer.state === 'running') return 'live';
  if (transfer.state !== 'ended') return 'still';
  switch (transfer.end) {
    case 'verified':
      return 'done';
    case 'cancelled':
    case 'withdrawn':
    case 'declined':
      return 'calm';
    default:
      return 'failed';
  }
}

type Standing = Pick<TransferView, 'direction' | 'peerName' | 'bytes' | 'doneBytes' | 'state'>;

/** What a transfer that is under way and does not move waits for; empty for one that moves or has ended. */
export function waitSentence(transfer: Standing): string {
  const here = transfer.doneBytes > 0 ? ` ${formatPercent(transfer.doneBytes, transfer.bytes)}` : '';
  const incoming = transfer.direction === 'in';
  switch (transfer.state) {
    case 'queued':
      return incoming ? 'Waits for its turn.' : `Waits until ${transfer.peerName} gets to it.`;
    case 'paused':
      return here === '' ? 'Paused.' : `Paused.${here} is ${incoming ? 'here' : 'there'}.`;
    case 'waiting':
      if (!incoming) return `Waiting for ${transfer.peerName} to come back.`;
      return here === '' ? 'Waiting for someone who has it.' : `Waiting for someone who has it.${here} is here.`;
    case 'running':
    case 'ended':
      return '';
    default:
      return assertNever(transfer.state);
  }
}

const limitSentences: Readonly<Record<NonNullable<TransferView['limit']>, (transfer: TransferView) => string>> = {
  source: ({ direction, peerName }) =>
    direction === 'in' ? 'As fast as those who have it can read it.' : `As fast as ${peerName} asks for it.`,
  path: () => 'As fast as the network between you allows.',
  disk: ({ direction, peerName }) =>
    direction === 'in' ? 'As fast as this device can store it.' : `As fast as ${peerName}’s device can store it.`,
  cap: () => 'Held back by the limit set here.',
};

/** What holds a running transfer back, in plain words; empty if nothing is known to. */
export function limitSentence(transfer: TransferView): string {
  if (transfer.state !== 'running' || transfer.limit === undefined) return '';
  return limitSentences[transfer.limit](transfer);
}

/** What an earlier transfer had left here; empty if less than a hundredth. */
export function keptSentence({ keptBytes, bytes }: Pick<TransferView, 'keptBytes' | 'bytes'>): string {
  return keptBytes * 100 >= bytes && keptBytes > 0 ? `${formatPercent(keptBytes, bytes)} was already here.` : '';
}

/** How a second look at a stored file goes, or went. */
export function recheckSentence(recheck: NonNullable<TransferView['recheck']>, bytes: number): string {
  const { doneBytes, wrongChunks, done, seconds } = recheck;
  if (!done) return `Reading it back: ${formatPercent(doneBytes, bytes)}`;
  if (wrongChunks > 0) return `${countOf(wrongChunks, 'piece')} changed on the disk since. Take the file again.`;
  return `Read back in ${formatDuration(Math.max(1, seconds))}, and all of it is right.`;
}

type Ended = Pick<TransferView, 'direction' | 'peerName' | 'bytes' | 'doneBytes' | 'end'>;

/** One or two sentences on how a transfer ended, as its receiver or its sender reads them. */
export function endSentence(transfer: Ended): string {
  const end: EndCode = transfer.end ?? 'refused';
  return transfer.direction === 'in' ? incomingEnds[end](transfer) : outgoingEnds[end](transfer);
}

/** What an end that nobody chose leaves behind: it goes on from there. */
const kept = (transfer: Ended): string =>
  transfer.doneBytes > 0 ? ` ${reached(transfer)} is kept and continues when someone offers it again.` : '';

const reached = (transfer: Ended): string => formatPercent(transfer.doneBytes, transfer.bytes);

type Sentences = Readonly<Record<EndCode, (transfer: Ended) => string>>;

const incomingEnds: Sentences = {
  verified: () => 'Verified',
  cancelled: (t) => `Stopped at ${reached(t)}. Nothing of it was kept.`,
  withdrawn: (t) => `${t.peerName} withdrew the offer.`,
  declined: () => 'Declined.',
  unreadable: (t) => `${t.peerName}’s device can no longer read this file. Ask them to offer it again.`,
  changed: (t) => `The file changed on ${t.peerName}’s device while it was on its way. Ask them to offer it again.`,
  corrupt: (t) =>
    `What arrived was not the file that was offered, so nothing was kept. Ask ${t.peerName} to offer it again.`,
  'no-space': (t) => `Not enough free space on this device.${kept(t)} Make some room, then try again.`,
  'store-failed': (t) =>
    hosted
      ? `This device could not store it.${kept(t)} See whether its folder can be written to, then try again.`
      : `This browser could not store it.${kept(t)} Reload the page, then try again.`,
  refused: (t) => `${t.peerName}’s device could not go on. Ask them to offer it again.`,
  'peer-left': (t) => `${t.peerName} left.${kept(t) || ' Nothing had arrived yet.'}`,
};

const outgoingEnds: Sentences = {
  verified: (t) => `Verified by ${t.peerName}`,
  cancelled: (t) => `${t.peerName} stopped it at ${reached(t)}.`,
  withdrawn: () => 'Withdrawn.',
  declined: (t) => `${t.peerName} declined.`,
  unreadable: () => 'This file can no longer be read here. Was it moved or deleted? Attach it again.',
  changed: () => 'The file changed here while it was on its way. Attach it again.',
  corrupt: (t) => `It did not arrive at ${t.peerName}’s as it left here. Attach it again.`,
  'no-space': (t) => `${t.peerName}’s device has not enough free space.`,
  'store-failed': (t) => `${t.peerName}’s device could not store the file.`,
  refused: (t) => `${t.peerName}’s device could not take the file.`,
  'peer-left': (t) => `${t.peerName} left at ${reached(t)}. It continues from there when they return.`,
};

const pastEnds: Readonly<Record<EndCode, string>> = {
  verified: 'Verified',
  cancelled: 'Cancelled',
  withdrawn: 'Withdrawn',
  declined: 'Declined',
  unreadable: 'Could not be read',
  changed: 'Changed on its way',
  corrupt: 'Did not arrive as offered',
  'no-space': 'Not enough space',
  'store-failed': 'Could not be stored',
  refused: 'Refused',
  'peer-left': 'Interrupted',
};

/** In a word or two how a transfer of the history ended; one without an end was cut off with its page. */
export function pastSentence({ end }: { readonly end?: string }): string {
  if (end === undefined) return 'Interrupted';
  return Object.hasOwn(pastEnds, end) ? pastEnds[end as EndCode] : 'Ended';
}

/** What is said aloud of transfers that ended just now; empty for none, and for what a person ended here. */
export function announcement(ended: readonly Pick<TransferView, 'direction' | 'peerName' | 'name' | 'end'>[]): string {
  const news = ended.filter(({ end }) => end !== 'cancelled' && end !== 'withdrawn' && end !== 'declined');
  const [first] = news;
  if (first === undefined) return '';
  const whole = news.filter(({ end }) => end === 'verified').length;
  const to = first.direction === 'in' ? '' : ` at ${first.peerName}’s`;
  if (news.length === 1) return `${first.name} ${whole === 1 ? 'has arrived whole' : 'did not arrive'}${to}.`;
  if (whole === news.length) return `${countOf(whole, 'transfer')} have arrived whole.`;
  return `${countOf(whole, 'transfer')} arrived whole, ${news.length - whole} did not arrive.`;
}

const socketSentences: Readonly<Record<SocketCode, string>> = {
  'going-away': 'The server is restarting. Join again in a moment.',
  'too-large': 'The server did not accept what this page sent. Reload the page.',
  malformed: 'The server did not understand this page. Reload it to get the current version.',
  version: 'This page is older than the server. Reload it to get the current version.',
  rate: 'The server asked this device to slow down. Wait a minute, then join again.',
  'pool-full': 'This pool is full. Make a new one, or wait until someone leaves.',
  elsewhere: 'This device joined from another window, so it left the pool here.',
  'server-full': 'The server has no room left. Try again in a few minutes.',
  'join-first': 'The server lost track of this page. Join again.',
  silent: 'The server heard nothing from this device for too long. Join again.',
  identity: 'The server could not make sure who this device is. Reload the page and join again.',
  restarting: 'The server is restarting. Join again in a moment.',
  busy: 'The server has a lot to do right now. Join again in a minute.',
  unavailable: 'The server could not check whether this device may join. Try again in a minute.',
  ticket: 'This pool needs an invitation or a sign-in. Sign in, then join again.',
  expired: 'The time in this pool is over. Sign in again to come back.',
  denied: 'This device may not join this pool.',
  revoked: 'Whoever runs this server ended the session of this device.',
};

/** Of those, what a host's window says otherwise: its page is not what the server knows. */
const hostSocketSentences: Readonly<Partial<Record<SocketCode, string>>> = {
  'too-large': 'The server did not accept what this device sent. Perhaps Rockpool has to be updated here.',
  malformed: 'The server did not understand this device. Perhaps Rockpool has to be updated here.',
  version: 'Rockpool is older here than at the server. Update it, then join again.',
  'join-first': 'The server lost track of this device. Join again.',
  identity: 'The server could not make sure who this device is. Start Rockpool again, then join again.',
};

/** Why the server let this device go or did not let it in; anything that is not one of its codes stays as it is. */
export function leaveSentence(reason: string): string {
  if (!Object.hasOwn(socketSentences, reason)) return sentence(reason);
  const code = reason as SocketCode;
  return (hosted ? hostSocketSentences[code] : undefined) ?? socketSentences[code];
}

/** Why there is no connection to `name`, whose link could not be bound, and what can be done. */
export function unboundSentence(name: string, code: UnboundCode): string {
  const what =
    code === 'identity'
      ? `Whoever answers as ${name} is somebody else`
      : `Somebody may sit between this device and ${name}’s`;
  return `${what}, so nothing is sent there. Ask whoever runs this server, or meet at another one.`;
}

/** The same beside their name. */
export const unboundWords = (code: UnboundCode): string =>
  code === 'identity' ? 'Somebody else answers' : 'Somebody may be in between';

/** `text` with a capital at the start and a stop at its end. */
function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'The server ended the connection. Join again.';
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

export type ProblemCode = Extract<TalkEvent, { readonly kind: 'problem' }>['problem']['code'];

const problems: Readonly<Record<ProblemCode, (name: string) => string>> = {
  malformed: (name) => `${name}’s device passed on messages that make no sense. They were left out.`,
  forged: (name) => `${name}’s device passed on a message with a false signature. It was left out.`,
  fork: (name) => `${name}’s device signed two different messages in one place. Nothing more is taken from it.`,
  future: (name) => `${name}’s clock is far ahead: some messages were left out.`,
  broken: (name) => `${name}’s device passed on messages that do not fit together. They were left out.`,
  astray: (name) => `${name}’s device passed on messages that do not belong here. They were left out.`,
  crowded: (name) => `${name}’s device brought more people’s messages than this page takes from one device.`,
  'store-failed': () =>
    hosted
      ? 'This device could not store what arrives. Make some room, then start Rockpool again.'
      : 'This browser could not store what arrives. Make some room, then reload the page.',
};

/** Why something that was said is not shown; `name`: of the device that brought it. */
export const problemSentence = (code: ProblemCode, name: string): string => problems[code](name);

const talkErrors: Readonly<Record<TalkErrorCode, string>> = {
  refused: 'This is not possible any more: the message or the room is gone, or it is not yours to change.',
  'store-failed': 'This browser could not store it, so nothing went out. Make some room, then try again.',
  left: 'You are not in this pool any more. Join it again, then try once more.',
  absent: 'Nobody who made this invitation is here. Ask them to open the pool, then try again.',
};

/** Why something that was to be said or done did not go out. */
export function talkSentence(error: unknown): string {
  if (error instanceof TalkError) {
    return hosted && error.code === 'store-failed'
      ? 'This device could not store it, so nothing went out. Make some room, then try again.'
      : talkErrors[error.code];
  }
  return sentence(error instanceof Error ? error.message : 'Something unexpected happened');
}
