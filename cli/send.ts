// `rockpool send`: offers files and folders and stays until enough devices hold all of them, verified; with --to, until those
// whom it is for alone do; with --stay, until it is stopped, and offers the same again the next time.
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { OfferView, PeerId, TransferView } from '../src/client.ts';
import { OfferFiles, offerOfPath, recheck, type PathOffer } from '../src/io/stored-offers.ts';
import { deferred, type Deferred } from '../src/io/waiting.ts';
import { FILES_PER_OFFER_MAX } from '../src/wire/offered.ts';
import { reasonOf } from './errors.ts';
import { dataFolder, EXIT, type Cli } from './io.ts';
import { endWords } from './format.ts';
import { UsageError, type Command } from './options.ts';
import { RecipientWatch } from './recipients.ts';
import { safeLine } from './safe-text.ts';
import type { Screen } from './screen.ts';
import { stay, tellFailure, type Session } from './session.ts';
import { sha256OfFile } from './sha256.ts';
import { offerFields, offerWords, tellFailed, tellVerified } from './transfers.ts';

type SendCommand = Command & { readonly kind: 'send' };

/** Resolves to the exit code. Throws a UsageError, before anything is joined, for a path that cannot be sent. */
export async function send(cli: Cli, command: SendCommand): Promise<number> {
  const { peer, paths, until } = command;
  await Promise.all(paths.map(checkPath));
  const stored = until === 'stay' ? new OfferFiles(dataFolder(cli, peer.data), peer) : undefined;
  if (command.forget) await stored?.remove((await stored.list()).map(({ id }) => id));
  const again = stored === undefined ? [] : await stored.list();
  const files = new Set([...paths, ...again.map(({ handle }) => handle)].map((path) => resolve(path)));
  if (files.size === 0) throw new UsageError('Nothing is stored for this pool. Name at least one file or folder.');
  if (files.size > FILES_PER_OFFER_MAX) {
    throw new UsageError(`At most ${FILES_PER_OFFER_MAX} files go into one offer, not ${files.size}.`);
  }
  const sending = new Sending(command, stored);
  try {
    return await stay(cli, {
      peer,
      onEvent: (event, session) => {
        if (event.kind === 'transfer') sending.take(event.transfer, session);
        if (event.kind === 'peer-joined' || event.kind === 'member') sending.look(session);
        if (event.kind === 'offer' && event.offer.own) session.screen.event('offer', offerFields(event.offer));
      },
      run: (session) => sending.run(session),
    });
  } finally {
    await sending.close();
  }
}

async function checkPath(path: string): Promise<void> {
  const shown = safeLine(path);
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) throw new UsageError(`There is no file ${shown}.`);
  if (!facts.isFile() && !facts.isDirectory()) throw new UsageError(`${shown} is neither a file nor a folder.`);
  const readable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!readable) throw new UsageError(`${shown} may not be read by you.`);
}

/** Ends after which a file cannot be had from here any more, by anybody. */
const SPOILED: ReadonlySet<TransferView['end']> = new Set(['changed', 'unreadable']);

// Who holds what. A peer that comes back gets the same files as new transfers, so files are told apart by their place
// in the offer: the n-th transfer of a name and size to a peer is the n-th such file.
class Sending {
  readonly #command: SendCommand;
  readonly #stored: OfferFiles | undefined;
  readonly #holders = new Map<PeerId, Holder>();
  readonly #digests = new Map<string, Promise<string | undefined>>();
  readonly #recipients: RecipientWatch | undefined;
  /** The devices of each person it is for alone. */
  #to: readonly (readonly PeerId[])[] | undefined;
  readonly #enough: Deferred<number> = deferred();
  readonly #telling: Promise<void>[] = [];
  /** By their places in the offer. */
  #paths: readonly string[] = [];
  /** What no other process offers meanwhile, by path. */
  readonly #claimed = new Map<string, PathOffer>();
  /** Places of those that can be sent no more. */
  readonly #spoiled = new Set<number>();
  readonly #running = new Set<string>();
  /** Undefined until the offer is out. */
  #offer: OfferView | undefined;
  /** What happened before then: a peer may accept before `offer()` has resolved here. */
  readonly #early: TransferView[] = [];

  constructor(command: SendCommand, stored: OfferFiles | undefined) {
    this.#command = command;
    this.#stored = stored;
    this.#recipients = command.to.length > 0 ? new RecipientWatch(command.to) : undefined;
  }

  async run(session: Session): Promise<number> {
    const { client, screen } = session;
    const recipients = await this.#recipients?.wait(client, screen);
    if (recipients?.kind === 'unclear') {
      tellFailure(screen, recipients.message, 'unclear-name');
      return EXIT.failed;
    }
    this.#to = recipients?.people;
    try {
      const named = [...new Set(this.#command.paths.map((path) => resolve(path)))];
      const wanted = this.#stored === undefined ? named : await this.#claim(named, this.#stored, session);
      if (wanted === 'offered-already') {
        tellFailure(screen, 'All of it is offered already, by another send --stay.', wanted);
        return EXIT.failed;
      }
      if (wanted.length === 0) {
        tellFailure(screen, 'Nothing is left to offer.');
        return EXIT.failed;
      }
      this.#paths = wanted;
      const claimed = [...this.#claimed.values()];
      const [before, ...others] = new Set(claimed.map(({ entry }) => entry));
      const to = this.#to?.flat();
      const id = await client.offer(this.#paths, { to, before: others.length === 0 ? before : undefined });
      this.#offer = client.offers.find((offer) => offer.id === id);
      const { entry } = this.#offer ?? {};
      // What could not be offered now would not be at the next start either.
      for (const offer of claimed) await this.#stored?.put(entry === undefined ? offer : { ...offer, entry });
    } catch (error) {
      tellFailure(screen, `Could not offer: ${reasonOf(error)}.`);
      return EXIT.failed;
    }
    const what = offerWords(this.#offer ?? { files: [] });
    screen.note(`Offering ${what}${onlyWords(this.#command)}. ${waitingWords(this.#command)}`);
    for (const transfer of this.#early.splice(0)) this.take(transfer, session);
    const code = await this.#enough.promise;
    await Promise.all(this.#telling);
    return code;
  }

  take(transfer: TransferView, session: Session): void {
    if (transfer.direction !== 'out') return;
    if (this.#offer === undefined) {
      if (transfer.state === 'ended') this.#early.push(transfer);
      return;
    }
    if (transfer.offer !== this.#offer.id || session.leaving) return;
    const holder = this.#holders.get(transfer.peer) ?? {
      files: new Map<string, number>(),
      verified: new Set<number>(),
    };
    this.#holders.set(transfer.peer, holder);
    const file = this.#placeOf(transfer, holder, this.#offer);
    if (transfer.state !== 'ended' || transfer.end === undefined) {
      this.#running.add(transfer.id);
      return;
    }
    this.#running.delete(transfer.id);
    if (SPOILED.has(transfer.end)) this.#spoil(transfer, file, session);
    else if (transfer.end !== 'verified') tellFailed(session.screen, transfer, 'Waiting for another try.');
    else {
      holder.verified.add(file);
      this.#telling.push(this.#tellVerified(transfer, this.#paths[file], session.screen));
    }
    this.#settle();
  }

  /** Somebody came, or something is known of somebody. */
  look({ client }: Session): void {
    this.#recipients?.look(client);
  }

  #settle(): void {
    const { until } = this.#command;
    const holders = [...this.#holders].flatMap(([peer, { verified }]) =>
      verified.size === this.#paths.length ? [peer] : [],
    );
    const all = this.#to?.every((devices) => devices.some((device) => holders.includes(device)));
    if (all ?? (until !== 'stay' && holders.length >= until)) return this.#enough.resolve(EXIT.ok);
    const hopeless = until === 'stay' ? this.#spoiled.size === this.#paths.length : this.#spoiled.size > 0;
    if (hopeless && this.#running.size === 0) this.#enough.resolve(EXIT.failed);
  }

  #spoil(transfer: TransferView, file: number, { client, screen }: Session): void {
    tellFailed(screen, transfer, '');
    if (this.#spoiled.has(file)) return;
    this.#spoiled.add(file);
    const path = this.#paths[file] ?? '';
    screen.event('withdrawn', { path, code: transfer.end, message: endWords(transfer.end ?? 'changed') });
    screen.note(`${safeLine(transfer.name)} is not offered any more. Send it again to offer it as it is now.`, 'bad');
    this.#telling.push(this.#drop(path, screen));
    // Others in the offer go on.
    if (this.#offer === undefined || this.#spoiled.size < this.#paths.length) return;
    const withdrawing = client.withdraw(this.#offer.id);
    this.#telling.push(withdrawing.catch((error: unknown) => screen.note(`${reasonOf(error)}.`, 'bad')));
  }

  /** Lets other processes offer what this one did. */
  async close(): Promise<void> {
    for (const offer of this.#claimed.values()) await this.#stored?.release(offer);
  }

  /** Paths of what is named and of what is stored and unchanged; what another process offers is left out, and said. */
  async #claim(
    named: readonly string[],
    stored: OfferFiles,
    session: Session,
  ): Promise<readonly string[] | 'offered-already'> {
    const { screen } = session;
    await stored.sweep();
    const offers = new Map<string, PathOffer>();
    for (const path of named) offers.set(path, await offerOfPath(path, Date.now()));
    for (const offer of await this.#unchanged(stored, offers, session)) {
      if (!offers.has(offer.handle)) offers.set(offer.handle, offer);
    }
    const elsewhere: string[] = [];
    for (const [path, offer] of offers) {
      if (await stored.claim(offer)) this.#claimed.set(path, offer);
      else {
        elsewhere.push(path);
        screen.event('offered-already', { path });
        // --forget may have dropped it.
        if (named.includes(path)) await stored.put(offer);
      }
    }
    if (this.#claimed.size === 0 && elsewhere.length > 0) return 'offered-already';
    if (elsewhere.length > 0) {
      const what = elsewhere.length === 1 ? safeLine(elsewhere[0] ?? '') : `${elsewhere.length} files and folders`;
      screen.note(`Another send --stay offers ${what} already.`);
    }
    return [...this.#claimed.keys()];
  }

  /** What was offered before, was not taken back and is still the same; the rest is dropped, and said. */
  async #unchanged(
    stored: OfferFiles,
    named: ReadonlyMap<string, PathOffer>,
    { client, screen }: Session,
  ): Promise<readonly PathOffer[]> {
    const unchanged: PathOffer[] = [];
    for (const offer of await stored.list()) {
      const told = offer.entry === undefined ? undefined : await client.talk.message(offer.entry);
      const state = told?.state === 'retracted' ? 'taken-back' : await recheck(offer);
      screen.event('stored', { path: offer.handle, state });
      if (state === 'unchanged') unchanged.push(offer);
      else {
        await stored.drop(offer);
        const words = { gone: 'is gone', changed: 'has changed since it was offered', 'taken-back': 'was taken back' }[
          state
        ];
        // Named anew, it is offered as it is now.
        if (!named.has(offer.handle)) {
          screen.note(`${safeLine(offer.handle)} ${words}: it is not offered any more.`, 'bad');
        }
      }
    }
    return unchanged;
  }

  async #drop(path: string, screen: Screen): Promise<void> {
    const offer = this.#claimed.get(path);
    if (offer === undefined || this.#stored === undefined) return;
    this.#claimed.delete(path);
    await this.#stored.release(offer);
    await this.#stored.drop(offer).catch((error: unknown) => screen.note(`${reasonOf(error)}.`, 'bad'));
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
    // A folder has no digest that anybody could compare.
    const sha256 = transfer.folder === undefined ? await this.#digest(path ?? '') : undefined;
    tellVerified(screen, transfer, { path: undefined, sha256 });
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

const onlyWords = ({ to }: SendCommand): string => (to.length === 0 ? '' : `, only to ${to.map(safeLine).join(', ')}`);

function waitingWords({ until, to }: SendCommand): string {
  if (to.length > 0) return 'Waiting for them to take it.';
  if (until === 'stay') return 'Ctrl+C stops it; the next send --stay offers the same again.';
  return `Waiting for ${until === 1 ? 'someone' : `${until} devices`} to take it.`;
}
