// Lines that begin with a slash: which there are, and what a person does with offers and transfers while in a pool, which are called
// by short numbers. What is about the conversation is talk-commands.ts'.
import type { OfferView, PoolClientFace, TransferView } from '../src/client.ts';
import { fileWords, formatSpeed, moving, paceParts, percentOf, wayWords } from './format.ts';
import type { Numbers } from './numbers.ts';
import { safeLine } from './safe-text.ts';
import type { Screen } from './screen.ts';
import { TALK_COMMANDS, type TalkName } from './talk-commands.ts';
import { costWords, offerWords } from './transfers.ts';
import { matchesPattern } from './values.ts';

/** Files of one offer, and lines of one list, that are shown. */
const LINES_MAX = 50;
/** Room for every usage in /help. */
const USAGE_COLUMNS = 27;

/** `usage` as /help shows it. */
const FILE_COMMANDS = {
  take: { usage: '/take N [FILE...]', words: 'take offer N, or some of its files: numbers or patterns' },
  pause: { usage: '/pause N', words: 'ask for nothing more of transfer N for now' },
  resume: { usage: '/resume N', words: 'go on with it' },
  cancel: { usage: '/cancel N', words: 'end it and remove what is here of it' },
  retry: { usage: '/retry N', words: 'take a file again that stopped' },
  check: { usage: '/check N', words: 'read a received file back and verify it once more' },
  list: { usage: '/list', words: 'offers, and transfers with their sources' },
  help: { usage: '/help', words: 'this; a line that is to begin with / begins with //' },
} as const;
type FileName = keyof typeof FILE_COMMANDS;

/** What a line means: a command, about files or about talk; text to say, without its escape; or a command that is none. */
export type Line =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'files'; readonly name: FileName; readonly words: readonly string[] }
  | { readonly kind: 'talk'; readonly name: TalkName; readonly rest: string }
  | { readonly kind: 'unknown'; readonly word: string };

export function readLine(line: string): Line {
  if (line.startsWith('//')) return { kind: 'say', text: line.slice(1) };
  if (!line.startsWith('/')) return { kind: 'say', text: line };
  const { name: word = '', rest = '' } = /^\/(?<name>\S*)\s*(?<rest>[^]*)$/u.exec(line.trimEnd())?.groups ?? {};
  if (isFileName(word)) return { kind: 'files', name: word, words: rest.split(/\s+/u).filter((each) => each !== '') };
  return isTalkName(word) ? { kind: 'talk', name: word, rest } : { kind: 'unknown', word };
}

export class PoolCommands {
  readonly #numbers: Numbers;

  /** `numbers`: of offers and transfers, by id; of what else is called by such. */
  constructor(numbers: Numbers) {
    this.#numbers = numbers;
  }

  /** The number of an offer or a transfer, by its id; a new one if it has none. */
  numberOf(id: string): number {
    return this.#numbers.numberOf(id);
  }

  /** An offer for people, with what to type. `told`: the conversation has just said what it is of. */
  tellOffer(offer: OfferView, screen: Screen, told = false): void {
    const number = this.numberOf(calledBy(offer));
    const what = `${safeLine(offer.name)} offers ${offer.private ? 'only you ' : ''}${offerWords(offer)}. `;
    screen.note(`${told ? '' : what}/take ${number} takes it.`);
    if (offer.files.length > 1) tellFiles(offer, screen);
  }

  /** Does what a command says, or tells why not. */
  run(name: FileName, words: readonly string[], client: PoolClientFace<string>, screen: Screen): void {
    switch (name) {
      case 'help':
        for (const { usage, words: what } of Object.values({ ...FILE_COMMANDS, ...TALK_COMMANDS }))
          screen.note(`${usage.padEnd(USAGE_COLUMNS)}${what}`);
        return;
      case 'list':
        return this.#list(client, screen);
      case 'take':
        return this.#take(words, client, screen);
      case 'pause':
      case 'resume':
      case 'cancel':
      case 'retry':
      case 'check': {
        const transfer = this.#find(words[0], client.transfers);
        const no =
          transfer === undefined ? `There is no transfer ${words[0] ?? 'without a number'}` : refusal(name, transfer);
        if (transfer === undefined || no !== undefined)
          return screen.refuse(`${no ?? ''}. Usage: ${FILE_COMMANDS[name].usage}`);
        if (name !== 'check') return client[name](transfer.id);
        screen.note(`Checking ${safeLine(transfer.name)} ${costWords(transfer)}.`);
        return client.recheck(transfer.id);
      }
    }
  }

  #take([number, ...files]: readonly string[], client: PoolClientFace<string>, screen: Screen): void {
    const offer = this.#find(number, client.offers, calledBy);
    if (offer === undefined || offer.own || offer.state !== 'open') {
      const what =
        offer === undefined ? `There is no offer ${number ?? 'without a number'}` : `Offer ${number} is not open`;
      return screen.refuse(`${what}. Usage: ${FILE_COMMANDS.take.usage}`);
    }
    if (files.length === 0) return client.accept(offer.id);
    const wanted = offer.files.filter(({ name }, place) =>
      files.some((word) => (/^\d+$/u.test(word) ? Number(word) === place + 1 : matchesPattern(word, name))),
    );
    if (wanted.length === 0) return screen.refuse(`No file of offer ${number} is called that.`);
    client.accept(
      offer.id,
      wanted.map((file) => file.number),
    );
  }

  #list({ offers, transfers }: PoolClientFace<string>, screen: Screen): void {
    const open = offers.filter(({ own, state }) => !own && state === 'open');
    for (const offer of open.slice(-LINES_MAX)) this.tellOffer(offer, screen);
    const numbered = transfers.slice(-LINES_MAX);
    for (const transfer of numbered) {
      const number = String(this.numberOf(transfer.id)).padStart(2);
      const now = moving(transfer) ?? transfer;
      screen.note(`${number}  ${safeLine(transfer.name)} ${wayWords(now)}: ${stateWords(now)}`);
      for (const { peerName, bytesPerSecond, bytes } of transfer.sources) {
        const speed = transfer.state === 'running' ? `, ${formatSpeed(bytesPerSecond)}` : '';
        screen.note(`      ${safeLine(peerName)}: ${percentOf(bytes, transfer.bytes)}% came from there${speed}`);
      }
    }
    if (open.length + numbered.length === 0) screen.note('Nothing is offered and nothing is on its way.');
  }

  #find<T extends { readonly id: string }>(
    number: string | undefined,
    among: readonly T[],
    idOf: (each: T) => string = ({ id }) => id,
  ): T | undefined {
    const id = number === undefined ? undefined : this.#numbers.idOf(number);
    return among.find((each) => idOf(each) === id);
  }
}

/** What the number of an offer names: the message that tells of it, if there is one, for they are one thing to people. */
export const calledBy = ({ id, entry }: OfferView): string => entry ?? id;

const LIMIT_WORDS: Readonly<Record<NonNullable<TransferView['limit']>, string>> = {
  source: 'held back by its source',
  path: 'as fast as the network goes',
  disk: 'held back by the disk here',
  cap: 'held back by the limit that was set',
};

function stateWords(transfer: TransferView): string {
  const { state, end, limit, doneBytes, bytes } = transfer;
  if (state === 'ended') return isReceived(transfer) ? `verified; /check ${costWords(transfer)}` : (end ?? 'over');
  const reason = limit === undefined ? [] : [LIMIT_WORDS[limit]];
  return [`${percentOf(doneBytes, bytes)}%`, ...paceParts(transfer), ...reason].join(', ');
}

/** Why this cannot be done with a transfer; undefined if it can. */
function refusal(name: FileName, transfer: TransferView): string | undefined {
  const { name: file, state, end, direction, recheck } = transfer;
  const shown = safeLine(file);
  if (name === 'check') {
    if (!isReceived(transfer)) return `${shown} was not received and verified here`;
    return recheck?.done === false ? `${shown} is being checked already` : undefined;
  }
  if (name === 'retry') return state === 'ended' && end !== 'verified' ? undefined : `${shown} did not stop`;
  if (state === 'ended') return `${shown} is over`;
  if (name === 'resume') return state === 'paused' ? undefined : `${shown} is not paused`;
  return name === 'pause' && direction === 'out' ? `${shown} is sent: its receiver pauses it` : undefined;
}

const isReceived = ({ direction, end }: TransferView): boolean => direction === 'in' && end === 'verified';

function tellFiles({ files }: OfferView, screen: Screen): void {
  const shown = files.slice(0, LINES_MAX);
  for (const [place, file] of shown.entries()) screen.note(`  ${String(place + 1).padStart(3)}  ${fileWords(file)}`);
  if (files.length > shown.length) screen.note(`  and ${files.length - shown.length} more`);
}

const isFileName = (word: string): word is FileName => Object.hasOwn(FILE_COMMANDS, word);
const isTalkName = (word: string): word is TalkName => Object.hasOwn(TALK_COMMANDS, word);
