// `rockpool join`: a chat on standard input and output. Lines in are said; what others say is printed. Who types, or speaks
// JSON, also takes files: with lines that begin with a slash.
import { createInterface, cursorTo, moveCursor, clearScreenDown, type Interface } from 'node:readline';
import type { Writable } from 'node:stream';
import { resolve } from 'node:path';
import type { TransferView } from '../src/client.ts';
import { deferred } from '../src/io/waiting.ts';
import { MESSAGE_TEXT_MAX } from '../src/wire/talk.ts';
import { Arrivals, Audience } from './audience.ts';
import { PoolCommands, calledBy, readLine, type Line } from './commands.ts';
import { Conversation } from './conversation.ts';
import { reasonOf } from './errors.ts';
import { EXIT, type Cli } from './io.ts';
import { Numbers } from './numbers.ts';
import type { Command } from './options.ts';
import { safeLine } from './safe-text.ts';
import type { Live } from './screen.ts';
import { makeFolder } from './receive.ts';
import { stay, tellFailure, type Session } from './session.ts';
import { TalkCommands } from './talk-commands.ts';
import { TalkNews } from './talk-news.ts';
import { costWords, offerFields, offerWords, tellChecked, tellFailed, tellKept, tellVerified } from './transfers.ts';

type JoinCommand = Command & { readonly kind: 'join' };

/** What a stay is made of. Without commands, every line is said. */
interface Parts {
  readonly audience: Audience;
  readonly arrivals: Arrivals;
  readonly conversation: Conversation;
  readonly news: TalkNews;
  readonly commands: { readonly files: PoolCommands; readonly talk: TalkCommands } | undefined;
}

/** Resolves to the exit code. Throws a UsageError, before anything is joined, if the folder cannot be used. */
export async function join(cli: Cli, command: JoinCommand): Promise<number> {
  const into = resolve(command.into ?? '.');
  if (command.into !== undefined) await makeFolder(into);
  const { json, pool } = command.peer;
  const numbers = takesCommands(cli, json) ? new Numbers() : undefined;
  const arrivals = new Arrivals();
  const conversation = new Conversation({ pool, numbers, watched: isWatched(cli, json) });
  const commands =
    numbers === undefined
      ? undefined
      : { files: new PoolCommands(numbers), talk: new TalkCommands(conversation, (id) => arrivals.said(id)) };
  const parts = { audience: new Audience(), arrivals, conversation, news: new TalkNews(), commands };
  const files = commands?.files;
  const unfinished = new Map<string, TransferView>();
  /** Open offers that were told: their pictures come later, as the same offer again. */
  const told = new Set<string>();
  return stay(cli, {
    peer: command.peer,
    into,
    ...(files === undefined ? {} : { numberOf: ({ id }) => files.numberOf(id) }),
    onEvent: (event, session) => {
      const { client, screen } = session;
      if (event.kind === 'offer' && !event.offer.own) {
        const { offer } = event;
        const number = files?.numberOf(calledBy(offer));
        screen.event('offer', { number, ...offerFields(offer) });
        if (offer.state !== 'open') told.delete(offer.id);
        else if (!told.has(offer.id)) {
          told.add(offer.id);
          if (files !== undefined) files.tellOffer(offer, screen, conversation.last === calledBy(offer));
          else
            screen.note(`${safeLine(offer.name)} offers ${offerWords(offer)}. Files are taken with rockpool receive.`);
        }
      }
      if (event.kind === 'transfer') tellTransfer(event.transfer, session, unfinished, files);
      parts.audience.look(client.peers);
      // Out of the pool there is no conversation to ask about what it tells.
      if (session.leaving || event.kind === 'left') return;
      if (event.kind === 'room') conversation.opened();
      if (event.kind === 'message') conversation.take(event, session);
      const talk = commands?.talk;
      if (event.kind === 'room' || event.kind === 'member') talk?.renamed(session);
      parts.news.take(event, screen, talk === undefined ? undefined : (room) => talk.roomNumber(room, session));
      parts.arrivals.take(event);
    },
    run: (session) => talk(cli, session, parts),
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

/** Somebody types here and reads what comes, which does not go elsewhere. */
function isWatched(cli: Cli, json: boolean): boolean {
  return isTyped(cli, json) && cli.stdout.isTTY === true;
}

/** Somebody types at a prompt. */
function isTyped(cli: Cli, json: boolean): boolean {
  return cli.stdin.isTTY === true && !json && cli.stderr.isTTY === true && cli.env['TERM'] !== 'dumb';
}

async function talk(cli: Cli, session: Session, parts: Parts): Promise<number> {
  const { client, screen, board } = session;
  const { conversation, news, commands, audience, arrivals } = parts;
  const typed = isTyped(cli, screen.json);
  const over = deferred<number>();
  // The prompt is drawn on stderr, so that stdout carries nothing but the conversation.
  const output = cli.stderr as unknown as Writable;
  const terminal = { input: cli.stdin, output, terminal: true };
  const lines = createInterface(typed ? terminal : { input: cli.stdin, terminal: false });
  lines.on('SIGINT', () => over.resolve(EXIT.SIGINT));
  const inputEnd = deferred<undefined>();
  lines.on('close', () => inputEnd.resolve(undefined));
  const prompt = (): string => commands?.talk.prompt ?? '';
  if (typed) board.prompt = promptOf(lines, output, prompt);
  const begun = conversation.begin(session).then(() => news.begin());
  const reading = commands === undefined ? (text: string): Line => ({ kind: 'say', text }) : readLine;
  const following = async (): Promise<number> => {
    let unsent = false;
    for await (const line of lines) {
      const read = reading(line);
      if (typed) {
        // What is said comes back as a message; of a command, the line is all there is to see.
        board.typed(prompt() + line, read.kind !== 'say' || !isWatched(cli, screen.json));
        // What is typed next does not wait: what is said keeps its order all the same.
        void begun
          .then(() => follow(read, session, parts))
          .then((came) => {
            if (came === 'left') over.resolve(EXIT.ok);
            if (came === 'unsent' && !session.leaving) lines.write(line);
          });
        lines.prompt();
        continue;
      }
      const mustWait = read.kind === 'say' && line.trim() !== '';
      if (mustWait && !(await audience.gathered(screen, inputEnd.promise))) return EXIT.failed;
      await begun;
      const came = await follow(read, session, parts);
      if (came === 'left') return EXIT.ok;
      if (came === 'unsent') unsent = true;
      if (unsent && commands === undefined) return EXIT.failed;
    }
    if (unsent) return EXIT.failed;
    return typed || (await arrivals.everywhere(client, screen)) ? EXIT.ok : EXIT.failed;
  };
  try {
    return await Promise.race([following(), over.promise]);
  } finally {
    if (typed) board.prompt = undefined;
    lines.close();
  }
}

/**
 * Does what a line says, or tells why not. `unsent`: it was to be said and could not be. `left`: this device is out of the
 * pool for good. Never rejects.
 */
async function follow(read: Line, session: Session, parts: Parts): Promise<'done' | 'unsent' | 'left'> {
  const { client, screen } = session;
  const { commands } = parts;
  switch (read.kind) {
    case 'say':
      return (await sayLine(read.text, session, parts)) ? 'done' : 'unsent';
    case 'unknown':
      screen.refuse(`There is no command /${safeLine(read.word)}. /help lists them.`);
      return 'done';
    case 'files':
      try {
        commands?.files.run(read.name, read.words, client, screen);
      } catch (error) {
        screen.refuse(`That did not work: ${safeLine(reasonOf(error))}.`);
      }
      return 'done';
    case 'talk':
      return (await commands?.talk.run(read.name, read.rest, session)) ?? 'done';
  }
}

/** False, after saying why, if it could not be said. Resolves once it is on this device's disk. */
async function sayLine(line: string, { client, screen }: Session, { commands, arrivals }: Parts): Promise<boolean> {
  if (line.trim() === '') return true;
  const where = commands?.talk.where ?? {};
  try {
    // A pipe is faster than any disk: each piece waits for the one before.
    // oxlint-disable-next-line no-await-in-loop -- the order of lines is the order of messages
    for (const piece of piecesOf(line)) arrivals.said(await client.say(piece, where));
    return true;
  } catch (error) {
    tellFailure(screen, `Not sent: ${reasonOf(error)}.`);
    return false;
  }
}

/** `line` in pieces of at most MESSAGE_TEXT_MAX UTF-16 units; no surrogate pair is torn apart. */
export function piecesOf(line: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < line.length;) {
    let end = Math.min(line.length, start + MESSAGE_TEXT_MAX);
    if (end < line.length && /[\ud800-\udbff]/.test(line.charAt(end - 1))) end -= 1;
    pieces.push(line.slice(start, end));
    start = end;
  }
  return pieces;
}

function promptOf(lines: Interface, output: Writable, prompt: () => string): Live {
  return {
    hide: () => {
      const { rows } = lines.getCursorPos();
      cursorTo(output, 0);
      if (rows > 0) moveCursor(output, 0, -rows);
      clearScreenDown(output);
    },
    show: () => {
      lines.setPrompt(prompt());
      lines.prompt(true);
    },
  };
}
