// `rockpool send`: offers files and stays until enough devices hold all of them, verified.
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { OfferView, PeerId, TransferView } from '../src/client.ts';
import { FILES_PER_OFFER_MAX } from '../src/wire/envelope.ts';
import { reasonOf } from './errors.ts';
import { EXIT, type Cli } from './io.ts';
import { endWords, formatBytes, formatSeconds, formatSpeed, roundSeconds } from './format.ts';
import { UsageError, type Command } from './options.ts';
import { safeLine } from './safe-text.ts';
import type { Screen } from './screen.ts';
import { stay, tellFailure, type Session } from './session.ts';
import { sha256OfFile } from './sha256.ts';
import { deferred, type Deferred } from './waiting.ts';

type SendCommand = Command & { readonly kind: 'send' };

/** Resolves to the exit code. Throws a UsageError, before anything is joined, for a path that cannot be sent. */
export async function send(cli: Cli, command: SendCommand): Promise<number> {
  if (command.paths.length > FILES_PER_OFFER_MAX) {
    throw new UsageError(`At most ${FILES_PER_OFFER_MAX} files go into one offer, not ${command.paths.length}.`);
  }
  await Promise.all(command.paths.map(checkPath));
  const sending = new Sending(command);
  return stay(cli, {
    peer: command.peer,
    onEvent: (event, session) => {
      if (event.kind === 'transfer') sending.take(event.transfer, session);
      if (event.kind === 'offer' && event.offer.own) session.screen.event('offer', offerFields(event.offer));
    },
    run: (session) => sending.run(session),
    farewell: (session) => sending.withdraw(session),
  });
}

/** An offer as json mode shows it. */
export function offerFields(offer: OfferView): object {
  const { id, from, name, own, state, files } = offer;
  return { offer: id, peer: from, from: name, own, state, files };
}

async function checkPath(path: string): Promise<void> {
  const shown = safeLine(path);
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) throw new UsageError(`There is no file ${shown}.`);
  if (facts.isDirectory()) throw new UsageError(`${shown} is a folder; sending folders comes later. Name its files.`);
  if (!facts.isFile()) throw new UsageError(`${shown} is not an ordinary file.`);
  const readable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!readable) throw new UsageError(`${shown} may not be read by you.`);
}

// Who holds what. A peer that comes back gets the same files as new transfers, so files are told apart by their place
// in the offer: the n-th transfer of a name and size to a peer is the n-th such file.
class Sending {
  readonly #paths: readonly string[];
  readonly #receivers: number;
  readonly #holders = new Map<PeerId, Holder>();
  readonly #digests = new Map<string, Promise<string | undefined>>();
  readonly #enough: Deferred<number> = deferred();
  readonly #telling: Promise<void>[] = [];
  /** Undefined until the offer is out. */
  #offer: OfferView | undefined;
  /** What happened before then: a peer may accept before `offer()` has resolved here. */
  readonly #early: TransferView[] = [];

  constructor(command: SendCommand) {
    this.#paths = command.paths;
    this.#receivers = command.receivers;
  }

  async run(session: Session): Promise<number> {
    const { client, screen } = session;
    try {
      const id = await client.offer(this.#paths);
      this.#offer = client.offers.find((offer) => offer.id === id);
    } catch (error) {
      tellFailure(screen, `Could not offer: ${reasonOf(error)}.`);
      return EXIT.failed;
    }
    const bytes = this.#offer?.files.reduce((sum, file) => sum + file.bytes, 0) ?? 0;
    const what = this.#paths.length === 1 ? basename(this.#paths[0] ?? '') : `${this.#paths.length} files`;
    const whom = this.#receivers === 1 ? 'someone' : `${this.#receivers} devices`;
    screen.note(`Offering ${safeLine(what)} (${formatBytes(bytes)}). Waiting for ${whom} to take it.`);
    for (const transfer of this.#early.splice(0)) this.take(transfer, session);
    const code = await this.#enough.promise;
    await Promise.all(this.#telling);
    return code;
  }

  /** Nobody begins, or goes on, to take what is no longer there; those who hold it are not touched. */
  withdraw({ client }: Session): void {
    if (this.#offer !== undefined) client.withdraw(this.#offer.id);
  }

  take(transfer: TransferView, session: Session): void {
    if (transfer.direction !== 'out') return;
    if (this.#offer === undefined) {
      if (transfer.state === 'ended') this.#early.push(transfer);
      return;
    }
    if (transfer.offer !== this.#offer.id) return;
    const holder = this.#holders.get(transfer.peer) ?? {
      files: new Map<string, number>(),
      verified: new Set<number>(),
    };
    this.#holders.set(transfer.peer, holder);
    const file = this.#placeOf(transfer, holder, this.#offer);
    if (transfer.state !== 'ended' || transfer.end === undefined) return;
    if (transfer.end !== 'verified') return tellTransferFailed(session, transfer);
    holder.verified.add(file);
    this.#telling.push(this.#tellVerified(transfer, this.#paths[file], session.screen));
    const holders = [...this.#holders.values()].filter((each) => each.verified.size === this.#paths.length).length;
    if (holders >= this.#receivers) this.#enough.resolve(EXIT.ok);
  }

  #placeOf(transfer: TransferView, holder: Holder, offer: OfferView): number {
    const known = holder.files.get(transfer.id);
    if (known !== undefined) return known;
    const alike = offer.files.flatMap((file, place) =>
      file.name === transfer.name && file.bytes === transfer.bytes ? [place] : [],
    );
    const taken = [...holder.files.values()].filter((place) => alike.includes(place)).length;
    const place = alike[taken % alike.length] ?? 0;
    holder.files.set(transfer.id, place);
    return place;
  }

  async #tellVerified(transfer: TransferView, path: string | undefined, screen: Screen): Promise<void> {
    tellTransferVerified(screen, transfer, { path: undefined, sha256: await this.#digest(path ?? '') });
  }

  // Once a file, and only when somebody holds it: hashing beside the transfer would slow it.
  #digest(path: string): Promise<string | undefined> {
    const digest = this.#digests.get(path) ?? sha256OfFile(path).catch(() => undefined);
    this.#digests.set(path, digest);
    return digest;
  }
}

interface Holder {
  /** From the transfer's id to the file's place in the offer. */
  readonly files: Map<string, number>;
  readonly verified: Set<number>;
}

/** Says that one file is whole at its other end, with its digest if it could be read. */
export function tellTransferVerified(
  screen: Screen,
  transfer: TransferView,
  proof: { readonly path: string | undefined; readonly sha256: string | undefined },
): void {
  const { direction, name, bytes, seconds, peer, peerName } = transfer;
  const facts = { transfer: transfer.id, direction, name, peer, peerName, bytes };
  screen.event('verified', { ...facts, seconds: roundSeconds(seconds), ...proof });
  const speed = seconds > 0 ? `, ${formatSpeed(bytes / seconds)}` : '';
  const way = `${direction === 'in' ? 'from' : 'to'} ${safeLine(peerName)}`;
  const figures = `${formatBytes(bytes)} in ${formatSeconds(seconds)}${speed}`;
  const lines = [`${screen.paint('Verified', 'good')}  ${safeLine(name)} ${way}: ${figures}`];
  if (proof.path !== undefined) lines.push(screen.paint(`  ${safeLine(proof.path)}`, 'quiet'));
  if (proof.sha256 !== undefined) lines.push(screen.paint(`  sha256 ${proof.sha256}`, 'quiet'));
  screen.line(lines.join('\n'));
}

/** Says that a transfer ended without a verified file. */
export function tellTransferFailed({ screen, leaving }: Session, transfer: TransferView): void {
  const { direction, name, bytes, doneBytes, seconds, peer, peerName, end = 'refused' } = transfer;
  const message = endWords(end);
  const facts = { transfer: transfer.id, direction, name, peer, peerName, code: end, message };
  screen.event('failed', { ...facts, bytes: doneBytes, total: bytes, seconds: roundSeconds(seconds) });
  const way = `${direction === 'in' ? 'from' : 'to'} ${safeLine(peerName)}`;
  screen.note(`${safeLine(name)} ${way} stopped: ${message}.${leaving ? '' : ' Waiting for another try.'}`, 'bad');
}
