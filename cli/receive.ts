// `rockpool receive`: accepts what is offered and stays until enough files are verified under their final names. What is not
// finished is kept by the store, whatever happens; when nobody is left to go on with, it waits a while.
import { mkdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { OfferView, TransferView } from '../src/client.ts';
import { deferred, timer, type Deferred, type Timer } from '../src/io/waiting.ts';
import { reasonOf } from './errors.ts';
import { EXIT, type Cli } from './io.ts';
import { percentOf } from './format.ts';
import { UsageError, type Command } from './options.ts';
import { safeLine } from './safe-text.ts';
import { stay, tellFailure, type Session } from './session.ts';
import { sha256OfFile } from './sha256.ts';
import { offerFields, offerWords, tellFailed, tellKept, tellVerified } from './transfers.ts';
import { matchesPattern } from './values.ts';

type ReceiveCommand = Command & { readonly kind: 'receive' };

/** Resolves to the exit code. Throws a UsageError, before anything is joined, if the folder cannot be used. */
export async function receive(cli: Cli, command: ReceiveCommand): Promise<number> {
  const into = resolve(command.into);
  await makeFolder(into);
  const receiving = new Receiving(command);
  return stay(cli, {
    peer: command.peer,
    into,
    onEvent: (event, session) => {
      if (event.kind === 'offer' && !event.offer.own) receiving.takeOffer(event.offer, session);
      if (event.kind === 'transfer') receiving.take(event.transfer, session);
    },
    run: ({ screen }) => {
      const what = command.count === 1 ? 'a file' : `${command.count} files`;
      screen.note(`Waiting for ${what}. Everything goes to ${safeLine(into)}.`);
      return receiving.done;
    },
    farewell: (session) => receiving.farewell(session),
  });
}

/** Makes the folder for received files. Throws a UsageError if there can be none. */
export async function makeFolder(into: string): Promise<void> {
  const facts = await stat(into).catch(() => undefined);
  if (facts !== undefined && !facts.isDirectory()) throw new UsageError(`${safeLine(into)} is not a folder.`);
  try {
    await mkdir(into, { recursive: true });
  } catch (error) {
    throw new UsageError(`The folder ${safeLine(into)} cannot be made: ${reasonOf(error)}.`);
  }
}

/** Ends that nobody else can help with. */
const OUR_OWN: ReadonlySet<TransferView['end']> = new Set(['no-space', 'store-failed']);

class Receiving {
  readonly #command: ReceiveCommand;
  readonly #enough: Deferred<number> = deferred();
  /** Transfers that have not ended; every file of an accepted offer is one from the moment it is accepted. */
  readonly #active = new Map<string, TransferView>();
  /** Offers of a file that is on its way from somebody else. */
  readonly #held = new Map<string, OfferView>();
  /** Of which it was said how much was here already. */
  readonly #saidKept = new Set<string>();
  #verified = 0;
  /** Finished transfers whose digest is still being computed. */
  #checking = 0;
  /** The last one that ended otherwise than verified, unless another has begun since. */
  #failed: TransferView | undefined;
  /** Runs while nothing moves. */
  #patience: Timer | undefined;

  constructor(command: ReceiveCommand) {
    this.#command = command;
  }

  get done(): Promise<number> {
    return this.#enough.promise;
  }

  takeOffer(offer: OfferView, session: Session): void {
    session.screen.event('offer', offerFields(offer));
    this.#held.delete(offer.id);
    if (offer.state !== 'open' || session.leaving) return;
    this.#held.set(offer.id, offer);
    this.#acceptHeld(session);
  }

  take(transfer: TransferView, session: Session): void {
    if (transfer.direction !== 'in') return;
    // Out of the pool: what is here is kept, whatever state it is in.
    if (session.leaving || transfer.end === 'peer-left') {
      if (this.#active.has(transfer.id)) this.#active.set(transfer.id, transfer);
      return;
    }
    if (transfer.state !== 'ended') {
      if (!this.#active.has(transfer.id)) this.#failed = undefined;
      this.#active.set(transfer.id, transfer);
      this.#tellHere(transfer, session);
    } else {
      this.#active.delete(transfer.id);
      this.#saidKept.delete(transfer.id);
      if (transfer.end === 'verified') void this.#check(transfer, session);
      else this.#fail(transfer, session);
    }
    this.#settle(session);
  }

  farewell({ screen }: Session): void {
    this.#patience?.cancel();
    for (const transfer of this.#active.values()) tellKept(screen, transfer, 'run the same command again to go on');
  }

  #acceptHeld({ client, screen }: Session): void {
    for (const offer of this.#held.values()) {
      if (this.#enoughVerified || this.#comesFromAnother(offer)) continue;
      this.#held.delete(offer.id);
      const { only } = this.#command;
      const wanted = offer.files.filter(
        ({ name }) => only.length === 0 || only.some((pattern) => matchesPattern(pattern, name)),
      );
      const some = wanted.length < offer.files.length;
      const choice = some ? ` ${wanted.length === 0 ? 'None' : wanted.length} of them as --only says.` : '';
      screen.note(`${safeLine(offer.name)} offers ${offerWords(offer)}.${choice}`);
      if (wanted.length === 0) continue;
      if (some) {
        client.accept(
          offer.id,
          wanted.map(({ number }) => number),
        );
      } else client.accept(offer.id);
    }
  }

  get #enoughVerified(): boolean {
    return this.#verified >= this.#command.count;
  }

  /**
   * Whether a file of this offer is on its way from somebody else. A device that crashed and came back offers the same
   * before anybody notices that it was gone: accepted now, its file would be received twice.
   */
  #comesFromAnother({ from, files }: OfferView): boolean {
    return [...this.#active.values()].some(
      ({ peer, state, name, bytes, folder }) =>
        state !== 'waiting' &&
        peer !== from &&
        files.some((file) => file.name === name && file.bytes === bytes && !file.folder === !folder),
    );
  }

  #tellHere({ id, name, bytes, doneBytes, keptBytes }: TransferView, { screen }: Session): void {
    // Once the first new byte is here, what was kept has been looked through as far as it matters.
    if (keptBytes === 0 || doneBytes <= keptBytes || this.#saidKept.has(id)) return;
    this.#saidKept.add(id);
    screen.note(`${safeLine(name)}: ${percentOf(keptBytes, bytes)}% was here already.`);
  }

  #fail(transfer: TransferView, { screen }: Session): void {
    this.#failed = transfer;
    tellFailed(screen, transfer, OUR_OWN.has(transfer.end) ? '' : 'Waiting for another try.');
  }

  // Reads the finished file back: what is reported is what is on the disk.
  async #check(transfer: TransferView, session: Session): Promise<void> {
    this.#checking += 1;
    const path = transfer.location;
    const isFolder = transfer.folder !== undefined;
    const sha256 = path === undefined || isFolder ? undefined : await sha256OfFile(path).catch(() => undefined);
    const there = sha256 !== undefined || (isFolder && path !== undefined && (await isDirectory(path)));
    this.#checking -= 1;
    if (there) {
      this.#verified += 1;
      tellVerified(session.screen, transfer, { path, sha256 });
    } else this.#fail({ ...transfer, end: 'store-failed' }, session);
    this.#settle(session);
  }

  #settle(session: Session): void {
    if (session.leaving) return;
    this.#acceptHeld(session);
    const nothingLeft = this.#active.size === 0 && this.#checking === 0;
    if (this.#enoughVerified && nothingLeft) return this.#enough.resolve(EXIT.ok);
    if (nothingLeft && OUR_OWN.has(this.#failed?.end)) return this.#enough.resolve(EXIT.failed);
    const stalled = this.#checking === 0 && [...this.#active.values()].every(({ state }) => state === 'waiting');
    if (!stalled || (this.#active.size === 0 && this.#failed === undefined)) {
      this.#patience?.cancel();
      this.#patience = undefined;
    } else if (this.#patience === undefined) void this.#wait(session);
  }

  async #wait({ screen }: Session): Promise<void> {
    const { waitSeconds } = this.#command;
    const patience = timer(waitSeconds * 1000);
    this.#patience = patience;
    const waiting = [...this.#active.values()];
    screen.event('waiting', { seconds: waitSeconds, transfers: waiting.map(({ id }) => id) });
    for (const { name, bytes, doneBytes, peerName } of waiting) {
      const here = `${percentOf(doneBytes, bytes)}% of ${safeLine(name)} is here.`;
      screen.note(`${here} Waiting ${waitSeconds} s for ${safeLine(peerName)}, or for somebody else who has it.`);
    }
    await patience.done;
    tellFailure(screen, `Nobody came within ${waitSeconds} s.`);
    this.#enough.resolve(EXIT.failed);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
