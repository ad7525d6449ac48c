// What went wrong and what to do next, in plain words: one sentence for every code that can reach a person.
import type { EndCode, SocketCode } from '../src/wire/codes.ts';
import type { TransferView } from '../src/pool/views.ts';
import { formatPercent } from './format.ts';

/** How a transfer stands, for the colour and shape of its current. */
export type Tone = 'live' | 'done' | 'calm' | 'failed';

/** A transfer's tone. What a person chose (declined, cancelled, withdrawn) is calm, never an alarm. */
export function toneOf(transfer: Pick<TransferView, 'state' | 'end'>): Tone {
  if (transfer.state === 'running') return 'live';
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

type Ended = Pick<TransferView, 'direction' | 'peerName' | 'bytes' | 'doneBytes' | 'end'>;

/** One or two sentences on how a transfer ended, as its receiver or its sender reads them. */
export function endSentence(transfer: Ended): string {
  const end: EndCode = transfer.end ?? 'refused';
  return transfer.direction === 'in' ? incomingEnds[end](transfer) : outgoingEnds[end](transfer);
}

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
  'no-space': (t) => `Not enough free space on this device. Make some room, then ask ${t.peerName} to offer it again.`,
  'store-failed': (t) =>
    `This browser could not store the file. Reload the page, then ask ${t.peerName} to offer it again.`,
  refused: (t) => `${t.peerName}’s device could not go on. Ask them to offer it again.`,
  'peer-left': (t) => `${t.peerName} left. ${reached(t)} had arrived; they can offer it again when they return.`,
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
  'peer-left': (t) => `${t.peerName} left at ${reached(t)}. Offer it again when they return.`,
};

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
};

/** Why the server let this device go or did not let it in; anything that is not one of its codes stays as it is. */
export function leaveSentence(reason: string): string {
  return Object.hasOwn(socketSentences, reason) ? socketSentences[reason as SocketCode] : sentence(reason);
}

/** `text` with a capital at the start and a stop at its end. */
function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'The server ended the connection. Join again.';
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
