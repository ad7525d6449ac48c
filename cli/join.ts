// `rockpool join`: a chat on standard input and output. Lines in are said; what others say is printed. Who types, or speaks
// JSON, also takes files: with lines that begin with a slash.
import { createInterface, cursorTo, moveCursor, clearScreenDown, type Interface } from 'node:readline';
import type { Writable } from 'node:stream';
import { resolve } from 'node:path';
import type { MessageView, TransferView } from '../src/client.ts';
import { PoolCommands, readLine } from './commands.ts';
import { reasonOf } from './errors.ts';
import { CHAT_TEXT_MAX } from '../src/wire/envelope.ts';
import { EXIT, type Cli } from './io.ts';
import type { Command } from './options.ts';
import { safeBlock, safeLine } from './safe-text.ts';
import type { Live, Screen } from './screen.ts';
import { makeFolder } from './receive.ts';
import { stay, tellFailure, type Session } from './session.ts';
import { costWords, offerFields, offerWords, tellChecked, tellFailed, tellKept, tellVerified } from './transfers.ts';
import { deferred, timer, type Deferred } from './waiting.ts';

/** How long lines from a pipe wait for somebody to hear them, even if no more can come; while more can: on and on. */
const AUDIENCE_MS = 10_000;
/** How long they wait, once one device is linked, for the others that are there. */
const STRAGGLERS_MS = 2_000;

/** Between two tries to say what a full queue refused. */
const BLOCKED_MS = 20;

type JoinCommand = Command & { readonly kind: 'join' };

/** Resolves to the exit code. Throws a UsageError, before anything is joined, if the folder cannot be used. */
export async function join(cli: Cli, command: JoinCommand): Promise<number> {
  const into = resolve(command.into ?? '.');
  if (command.into !== undefined) await makeFolder(into);
  const audience = new Audience();
  const commands = takesCommands(cli, command.peer.json) ? new PoolCommands() : undefined;
  const unfinished = new Map<string, TransferView>();
  /** Open offers that were told: their pictures come later, as the same offer again. */
  const told = new Set<string>();
  return stay(cli, {
    peer: command.peer,
    into,
    ...(commands === undefined ? {} : { numberOf: ({ id }) => commands.numberOf(id) }),
    onEvent: (event, session) => {
      const { client, screen } = session;
      if (event.kind === 'message') tellMessage(event.message, screen);
      if (event.kind === 'offer' && !event.offer.own) {
        const { offer } = event;
        screen.event('offer', { number: commands?.numberOf(offer.id), ...offerFields(offer) });
        if (offer.state !== 'open') told.delete(offer.id);
        else if (!told.has(offer.id)) {
          told.add(offer.id);
          if (commands !== undefined) commands.tellOffer(offer, screen);
          else
            screen.note(`${safeLine(offer.name)} offers ${offerWords(offer)}. Files are taken with rockpool receive.`);
        }
      }
      if (event.kind === 'transfer') tellTransfer(event.transfer, session, unfinished, commands);
      audience.look(client.peers);
    },
    run: (session) => talk(cli, session, audience, commands),
    farewell: ({ screen }) => {
      for (const transfer of unfinished.values()) tellKept(screen, transfer, 'take it again to go on');
    },
  });
}

/** A pipe says whatever is in it; who types, or speaks JSON, can also say what to do. */
function takesCommands(cli: Cli, json: boolean): boolean {
  return json || (cli.stdin.isTTY === true && cli.stderr.isTTY === true);
}

function tellTransfer(
  transfer: TransferView,
  { screen, leaving }: Session,
  unfinished: Map<string, TransferView>,
  commands: PoolCommands | undefined,
): void {
  const { id, state, end, location, recheck } = transfer;
  if (transfer.direction === 'out') return;
  if (leaving || end === 'peer-left' || state !== 'ended') {
    if (!leaving || unfinished.has(id)) unfinished.set(id, transfer);
    return;
  }
  unfinished.delete(id);
  if (recheck !== undefined) {
    if (recheck.done) tellChecked(screen, transfer, recheck);
    return;
  }
  const number = commands?.numberOf(id);
  if (end === 'verified') {
    tellVerified(screen, transfer, { path: location, sha256: undefined });
    if (number !== undefined) screen.note(`/check ${number} ${costWords(transfer)} and verifies it once more.`);
    return;
  }
  tellFailed(screen, transfer, number === undefined ? '' : `/retry ${number} takes it again.`);
}

async function talk(
  cli: Cli,
  session: Session,
  audience: Audience,
  commands: PoolCommands | undefined,
): Promise<number> {
  const interactive = cli.stdin.isTTY === true && session.screen.drawable;
  // The prompt is drawn on stderr, so that stdout carries nothing but the conversation.
  const terminal = { input: cli.stdin, output: cli.stderr as unknown as Writable, terminal: true, prompt: '> ' };
  const lines = createInterface(interactive ? terminal : { input: cli.stdin, terminal: false });
  const interrupted = deferred<number>();
  lines.on('SIGINT', () => interrupted.resolve(EXIT.SIGINT));
  if (interactive) session.board.prompt = promptOf(lines, cli.stderr as unknown as Writable);
  const inputEnd = deferred<undefined>();
  lines.on('close', () => inputEnd.resolve(undefined));
  const saying = sayLines(lines, async (line) => {
    if (interactive) session.board.typed(`> ${line}`);
    const read = commands === undefined ? { kind: 'say' as const, text: line } : readLine(line);
    if (read.kind !== 'say') {
      commands?.run(line, session.client, session.screen);
      if (interactive) lines.prompt();
      return true;
    }
    const mustWait = !interactive && line.trim() !== '';
    if (mustWait && !(await audience.gathered(session.screen, inputEnd.promise))) return false;
    const said = await sayLine(read.text, session);
    if (interactive) lines.prompt();
    return said;
  });
  try {
    return await Promise.race([saying, interrupted.promise]);
  } finally {
    if (interactive) session.board.prompt = undefined;
    lines.close();
  }
}

async function sayLines(lines: Interface, say: (line: string) => Promise<boolean>): Promise<number> {
  // oxlint-disable-next-line no-await-in-loop -- in order, and the first one waits for an audience
  for await (const line of lines) if (!(await say(line))) return EXIT.failed;
  return EXIT.ok;
}

/** False, after saying why, if it could not be said. */
async function sayLine(line: string, { client, screen }: Session): Promise<boolean> {
  if (line.trim() === '') return true;
  try {
    for (const piece of piecesOf(line)) {
      // A pipe is faster than any network: it waits while somebody's queue is full.
      // oxlint-disable-next-line no-await-in-loop -- the order of lines is the order of messages
      while (client.say(piece) === 'blocked') await timer(BLOCKED_MS).done;
    }
    return true;
  } catch (error) {
    tellFailure(screen, `Not sent: ${reasonOf(error)}.`);
    return false;
  }
}

/** `line` in pieces of at most `CHAT_TEXT_MAX` UTF-16 units; no surrogate pair is torn apart. */
export function piecesOf(line: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < line.length;) {
    let end = Math.min(line.length, start + CHAT_TEXT_MAX);
    if (end < line.length && /[\ud800-\udbff]/.test(line.charAt(end - 1))) end -= 1;
    pieces.push(line.slice(start, end));
    start = end;
  }
  return pieces;
}

function tellMessage(message: MessageView, screen: Screen): void {
  const { id, from, name, own, text, sentMs } = message;
  screen.event('message', { id, from: name, peer: from, text, sentMs, own });
  // On a terminal one's own line already stands where it was typed; in a log of a pipe it would only echo its input.
  if (!own) screen.line(`${screen.paint(`${safeLine(name)}:`, 'good')} ${safeBlock(text)}`);
}

function promptOf(lines: Interface, output: Writable): Live {
  return {
    hide: () => {
      const { rows } = lines.getCursorPos();
      cursorTo(output, 0);
      if (rows > 0) moveCursor(output, 0, -rows);
      clearScreenDown(output);
    },
    show: () => lines.prompt(true),
  };
}

// Whether anybody hears. A message reaches only those who are linked when it is said, so lines that come from a pipe,
// before anybody is, wait a little.
class Audience {
  readonly #somebody: Deferred<true> = deferred();
  readonly #everybody: Deferred<true> = deferred();
  #waited: Promise<boolean> | undefined;

  look(peers: readonly { readonly path: string }[]): void {
    const linked = peers.filter((peer) => peer.path !== 'connecting').length;
    if (linked > 0) this.#somebody.resolve(true);
    if (linked > 0 && linked === peers.length) this.#everybody.resolve(true);
  }

  /** True once somebody hears; false, after saying so, if nobody came in time. Later calls answer at once. */
  gathered(screen: Screen, inputEnd: Promise<undefined>): Promise<boolean> {
    this.#waited ??= this.#wait(screen, inputEnd);
    return this.#waited;
  }

  async #wait(screen: Screen, inputEnd: Promise<undefined>): Promise<boolean> {
    const patience = timer(AUDIENCE_MS);
    let came = await Promise.race([this.#somebody.promise, patience.done]);
    patience.cancel();
    if (came === undefined) {
      screen.note('Nobody is here to hear it yet. Lines wait until somebody is.');
      came = await Promise.race([this.#somebody.promise, inputEnd]);
    }
    if (came === undefined) {
      tellFailure(screen, 'Nobody was there to hear it: nothing was sent.');
      return false;
    }
    const stragglers = timer(STRAGGLERS_MS);
    await Promise.race([this.#everybody.promise, stragglers.done]);
    stragglers.cancel();
    return true;
  }
}
