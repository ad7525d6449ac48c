// `rockpool receive`: accepts every offer and stays until enough files are verified under their final names.
import { mkdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { OfferView, TransferView } from '../src/client.ts';
import { reasonOf } from './errors.ts';
import { EXIT, type Cli } from './io.ts';
import { formatBytes } from './format.ts';
import { UsageError, type Command } from './options.ts';
import { safeLine } from './safe-text.ts';
import { offerFields, tellTransferFailed, tellTransferVerified } from './send.ts';
import { stay, type Session } from './session.ts';
import { sha256OfFile } from './sha256.ts';
import { deferred, type Deferred } from './waiting.ts';

type ReceiveCommand = Command & { readonly kind: 'receive' };

/** Resolves to the exit code. Throws a UsageError, before anything is joined, if the folder cannot be used. */
export async function receive(cli: Cli, command: ReceiveCommand): Promise<number> {
  const into = resolve(command.into);
  await makeFolder(into);
  const receiving = new Receiving(command.count);
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
  });
}

async function makeFolder(into: string): Promise<void> {
  const facts = await stat(into).catch(() => undefined);
  if (facts !== undefined && !facts.isDirectory()) throw new UsageError(`${safeLine(into)} is not a folder.`);
  try {
    await mkdir(into, { recursive: true });
  } catch (error) {
    throw new UsageError(`The folder ${safeLine(into)} cannot be made: ${reasonOf(error)}.`);
  }
}

class Receiving {
  readonly #count: number;
  readonly #enough: Deferred<number> = deferred();
  /** Transfers that have not ended; every file of an accepted offer is one from the moment it is accepted. */
  readonly #running = new Set<string>();
  #verified = 0;
  /** Finished transfers whose digest is still being computed. */
  #checking = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get done(): Promise<number> {
    return this.#enough.promise;
  }

  takeOffer(offer: OfferView, { client, screen, leaving }: Session): void {
    screen.event('offer', offerFields(offer));
    if (offer.state !== 'open' || this.#verified >= this.#count || leaving) return;
    const bytes = offer.files.reduce((sum, file) => sum + file.bytes, 0);
    const only = offer.files.length === 1 ? offer.files[0] : undefined;
    const what = only === undefined ? `${offer.files.length} files` : safeLine(only.name);
    screen.note(`${safeLine(offer.name)} offers ${what} (${formatBytes(bytes)}).`);
    client.accept(offer.id);
  }

  take(transfer: TransferView, session: Session): void {
    if (transfer.direction !== 'in') return;
    if (transfer.state === 'running') {
      this.#running.add(transfer.id);
      return;
    }
    this.#running.delete(transfer.id);
    if (transfer.end === 'verified') void this.#check(transfer, session);
    else {
      tellTransferFailed(session, transfer);
      this.#settle();
    }
  }

  // Reads the finished file back: what is reported is what is on the disk.
  async #check(transfer: TransferView, session: Session): Promise<void> {
    this.#checking += 1;
    const path = transfer.location;
    const sha256 = path === undefined ? undefined : await sha256OfFile(path).catch(() => undefined);
    this.#checking -= 1;
    if (sha256 === undefined) tellTransferFailed(session, { ...transfer, end: 'store-failed' });
    else {
      this.#verified += 1;
      tellTransferVerified(session.screen, transfer, { path, sha256 });
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#verified >= this.#count && this.#running.size === 0 && this.#checking === 0)
      this.#enough.resolve(EXIT.ok);
  }
}
