// From the words on the command line to one validated command, or to a plain-word reason why not.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Wish } from '../desktop/instance.ts';
import { readLink } from '../desktop/links.ts';
import type { WindowKind } from '../desktop/window.ts';
import type { Shown } from '../src/io/account-ticket.ts';
import { appAddress, websocketAddress } from '../src/io/server-address.ts';
import type { ShareRates } from '../src/share/share.ts';
import { parseInvited, parsePoolCode } from '../src/wire/pool-code.ts';
import { cleanName } from '../src/wire/signaling.ts';
import { codeOf, messageOf } from './errors.ts';
import { parseRate } from './values.ts';

export const TOPICS = [
  'serve',
  'desktop',
  'join',
  'send',
  'receive',
  'history',
  'messages',
  'account',
  'doctor',
] as const;
export type Topic = (typeof TOPICS)[number];

const DEFAULT_SERVER = 'http://localhost:8080';
/** More receivers or files than this is a slip of the keyboard. */
const COUNT_MAX = 1_000_000;
/** Seconds to wait for a source that left: a minute unless told otherwise, a week at most. */
const WAIT_SECONDS_DEFAULT = 60;
const WAIT_SECONDS_MAX = 7 * 24 * 60 * 60;
/** Messages that are listed, unless told otherwise: a few screens. */
const MESSAGES_DEFAULT = 50;
const EXPORT_FORMATS = ['json', 'markdown'] as const;
const WINDOWS = ['chromium', 'webview', 'browser', 'none'] as const;
const NAME_WORDS = '--name needs at least one visible character, and not too many.';
/** Commands that are told something beside their options. */
const TAKES_WORDS: ReadonlySet<Topic> = new Set(['desktop', 'send', 'messages', 'account', 'doctor']);

export interface PeerOptions {
  /** Normalized. */
  readonly pool: string;
  /** The websocket's address: `ws://` or `wss://`, path `/ws`. */
  readonly server: string;
  readonly name: string;
  readonly json: boolean;
  /** The file that statistics are appended to. */
  readonly stats: string | undefined;
  /** Where history and stored offers lie; undefined for the usual place. */
  readonly data: string | undefined;
  readonly rates: ShareRates;
  /** All links go through the server's TURN server or not at all. */
  readonly relayOnly: boolean;
  /** For a pool with a door, if they were given. */
  readonly shown: Shown;
}

export type Command =
  | { readonly kind: 'help'; readonly topic: Topic | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'usage'; readonly topic: Topic | undefined; readonly message: string }
  /** Unread: its options are signaling/options.ts, which is loaded only where a server is run. */
  | { readonly kind: 'serve'; readonly args: readonly string[] }
  | {
      readonly kind: 'desktop';
      readonly data: string | undefined;
      /** `server`: of the app, as people open it. `into`: as it was typed. */
      readonly wish: Wish;
      readonly background: boolean;
      readonly window: WindowKind | 'none' | undefined;
    }
  | { readonly kind: 'desktop-entry'; readonly install: boolean }
  | {
      readonly kind: 'join';
      readonly peer: PeerOptions;
      /** Where files go that are taken; undefined for the current folder. */
      readonly into: string | undefined;
    }
  | {
      readonly kind: 'send';
      readonly peer: PeerOptions;
      readonly paths: readonly string[];
      /** `stay`: until stopped, and again the next time; else as soon as so many devices hold everything. */
      readonly until: 'stay' | number;
      /** Stored offers are dropped first. */
      readonly forget: boolean;
      /** Names of the people whom it is for alone, each of whom is to have it; none: everyone. */
      readonly to: readonly string[];
    }
  | {
      readonly kind: 'receive';
      readonly peer: PeerOptions;
      readonly into: string;
      readonly count: number;
      readonly waitSeconds: number;
      /** Patterns of names to take; none: everything. */
      readonly only: readonly string[];
    }
  | {
      readonly kind: 'history';
      readonly data: string | undefined;
      readonly search: string;
      readonly clear: boolean;
      readonly json: boolean;
    }
  | {
      readonly kind: 'messages';
      readonly data: string | undefined;
      /** Normalized; undefined: every pool. */
      readonly pool: string | undefined;
      readonly search: string | undefined;
      /** The whole conversation in this format, instead of its newest messages. */
      readonly format: 'json' | 'markdown' | undefined;
      /** Messages at most, the newest. */
      readonly limit: number;
      readonly json: boolean;
    }
  | {
      readonly kind: 'account';
      /** As PeerOptions has it. */
      readonly server: string;
      readonly data: string | undefined;
      readonly json: boolean;
      readonly wish: { readonly kind: 'show' | 'sign-out' } | { readonly kind: 'sign-in'; readonly code: string };
    }
  /** `url`: of a server's app, without a slash at its end. */
  | { readonly kind: 'doctor'; readonly url: string; readonly json: boolean };

/** Why the command line cannot be followed, for people. */
export class UsageError extends Error {}

const PEER = {
  pool: { type: 'string' },
  server: { type: 'string' },
  name: { type: 'string' },
  stats: { type: 'string' },
  data: { type: 'string' },
  'relay-only': { type: 'boolean' },
  passphrase: { type: 'string' },
} as const;
const RATES = { 'limit-down': { type: 'string' }, 'limit-up': { type: 'string' } } as const;
export const COMMON = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
const OPTIONS = {
  desktop: {
    help: COMMON.help,
    server: { type: 'string' },
    name: { type: 'string' },
    data: { type: 'string' },
    into: { type: 'string' },
    background: { type: 'boolean' },
    install: { type: 'boolean' },
    uninstall: { type: 'boolean' },
    window: { type: 'string' },
  },
  join: { ...COMMON, ...PEER, ...RATES, into: { type: 'string' } },
  send: {
    ...COMMON,
    ...PEER,
    receivers: { type: 'string' },
    limit: { type: 'string' },
    stay: { type: 'boolean' },
    forget: { type: 'boolean' },
    to: { type: 'string', multiple: true },
  },
  receive: {
    ...COMMON,
    ...PEER,
    ...RATES,
    into: { type: 'string' },
    count: { type: 'string' },
    wait: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
  history: { ...COMMON, data: { type: 'string' }, search: { type: 'string' }, clear: { type: 'boolean' } },
  messages: {
    ...COMMON,
    data: { type: 'string' },
    search: { type: 'string' },
    export: { type: 'string' },
    limit: { type: 'string' },
  },
  account: { ...COMMON, server: { type: 'string' }, data: { type: 'string' } },
  doctor: COMMON,
} as const satisfies Record<Exclude<Topic, 'serve'>, ParseArgsConfig['options']>;

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** `argv` without node and the script. `defaultName` is the display name if none is given. Never throws. */
export function parseCommand(argv: readonly string[], defaultName: string): Command {
  const [word, ...rest] = argv;
  if (word === undefined) return { kind: 'usage', topic: undefined, message: 'Say what to do.' };
  if (word === '--version' || word === '-v') return { kind: 'version' };
  if (word === 'help' || word === '--help' || word === '-h') return helpCommand(rest[0]);
  if (!isTopic(word)) return { kind: 'usage', topic: undefined, message: `There is no command “${word}”.` };
  if (word === 'serve') return { kind: 'serve', args: rest };
  try {
    return parseTopic(word, rest, defaultName);
  } catch (error) {
    return { kind: 'usage', topic: word, message: usageWords(error) };
  }
}

function helpCommand(word: string | undefined): Command {
  if (word === undefined || isTopic(word)) return { kind: 'help', topic: word };
  return { kind: 'usage', topic: undefined, message: `There is no command “${word}”.` };
}

function parseTopic(topic: Exclude<Topic, 'serve'>, args: readonly string[], defaultName: string): Command {
  const allowPositionals = TAKES_WORDS.has(topic);
  const config: ParseArgsConfig = { args: [...args], options: OPTIONS[topic], allowPositionals };
  const { values: given, positionals } = parseArgs(config);
  if (given['help'] === true) return { kind: 'help', topic };
  switch (topic) {
    case 'desktop':
      return desktopCommand(given, positionals);
    case 'join':
      return { kind: 'join', peer: peerOptions(given, defaultName), into: text(given, 'into') };
    case 'send':
      return sendCommand(given, positionals, defaultName);
    case 'receive': {
      const into = text(given, 'into');
      if (into === undefined) throw new UsageError('--into is missing: the folder where files go.');
      const count = integer(given, 'count', 1, 1, COUNT_MAX);
      const waitSeconds = integer(given, 'wait', WAIT_SECONDS_DEFAULT, 0, WAIT_SECONDS_MAX);
      return {
        kind: 'receive',
        peer: peerOptions(given, defaultName),
        into,
        count,
        waitSeconds,
        only: texts(given, 'only'),
      };
    }
    case 'history': {
      const search = text(given, 'search');
      const clear = given['clear'] === true;
      if (clear && search !== undefined) throw new UsageError('--clear takes everything: leave out --search.');
      const json = given['json'] === true;
      return { kind: 'history', data: text(given, 'data'), search: search ?? '', clear, json };
    }
    case 'messages':
      return messagesCommand(given, positionals);
    case 'account':
      return accountCommand(given, positionals);
    case 'doctor':
      return { kind: 'doctor', url: examinedUrl(positionals), json: given['json'] === true };
  }
}

function desktopCommand(given: Values, [link, ...more]: readonly string[]): Command {
  if (given['install'] === true || given['uninstall'] === true) return desktopEntryCommand(given, link);
  if (more.length > 0) throw new UsageError('Name one pool at most.');
  if (link !== undefined && readLink(link) === undefined) {
    throw new UsageError('A pool is a code of 3 to 64 letters, digits and hyphens, or a whole pool link.');
  }
  const server = text(given, 'server');
  const name = text(given, 'name');
  if (name !== undefined && cleanName(name) === undefined) throw new UsageError(NAME_WORDS);
  const wanted = text(given, 'window');
  const window = WINDOWS.find((each) => each === wanted);
  if (window !== wanted) throw new UsageError(`--window takes ${WINDOWS.join(', ')}, not “${wanted}”.`);
  return {
    kind: 'desktop',
    data: text(given, 'data'),
    wish: {
      link,
      server: server === undefined ? undefined : appAddress(websocketUrl(server)),
      name: name === undefined ? undefined : cleanName(name),
      into: text(given, 'into'),
    },
    background: given['background'] === true,
    window,
  };
}

function desktopEntryCommand(given: Values, link: string | undefined): Command {
  if (link !== undefined || Object.keys(given).length > 1) {
    throw new UsageError('--install and --uninstall go alone.');
  }
  return { kind: 'desktop-entry', install: given['install'] === true };
}

function messagesCommand(given: Values, [code, ...more]: readonly string[]): Command {
  if (more.length > 0) throw new UsageError('Name one pool at most.');
  const pool = code === undefined ? undefined : parsePoolCode(code);
  if (code !== undefined && pool === undefined) {
    throw new UsageError('A pool is a code of 3 to 64 letters, digits and hyphens, or a whole pool link.');
  }
  const search = text(given, 'search');
  const wanted = text(given, 'export');
  const format = EXPORT_FORMATS.find((each) => each === wanted);
  const json = given['json'] === true;
  if (wanted !== undefined) {
    if (format === undefined) throw new UsageError(`--export takes json or markdown, not “${wanted}”.`);
    if (pool === undefined) throw new UsageError('--export takes one pool: name it.');
    if (search !== undefined || given['limit'] !== undefined || json) {
      throw new UsageError('--export writes all of a pool: leave out --search, --limit and --json.');
    }
  }
  const limit = integer(given, 'limit', MESSAGES_DEFAULT, 1, COUNT_MAX);
  return { kind: 'messages', data: text(given, 'data'), pool, search, format, limit, json };
}

function accountCommand(given: Values, [word, ...words]: readonly string[]): Command {
  const server = websocketUrl(text(given, 'server') ?? DEFAULT_SERVER);
  const rest = { server, data: text(given, 'data'), json: given['json'] === true };
  const code = words.join(' ').trim();
  if (word === 'sign-in') {
    if (code === '') throw new UsageError('Give the six words that a device shows which is signed in.');
    return { kind: 'account', ...rest, wish: { kind: 'sign-in', code } };
  }
  if (code !== '' || (word !== undefined && word !== 'sign-out')) {
    throw new UsageError('Say sign-in WORDS, sign-out, or nothing to see who is signed in.');
  }
  return { kind: 'account', ...rest, wish: { kind: word ?? 'show' } };
}

function examinedUrl([url, ...more]: readonly string[]): string {
  const wrong = 'Name one address, as people open it: https://pool.example or http://localhost:8080.';
  if (url === undefined || more.length > 0 || !URL.canParse(url)) throw new UsageError(wrong);
  const { protocol, host, pathname, username } = new URL(url);
  if (!/^https?:$/u.test(protocol) || username !== '') throw new UsageError(wrong);
  return `${protocol}//${host}${pathname.replace(/\/+$/u, '')}`;
}

function sendCommand(given: Values, paths: readonly string[], defaultName: string): Command {
  const stay = given['stay'] === true;
  const forget = given['forget'] === true;
  if (forget && !stay) throw new UsageError('--forget goes with --stay: it drops what is offered at each start.');
  if (stay && given['receivers'] !== undefined) {
    throw new UsageError('--stay offers until it is stopped: leave out --receivers.');
  }
  if (paths.length === 0 && !stay) throw new UsageError('Name at least one file or folder to send.');
  const to = texts(given, 'to');
  if (to.length > 0 && (stay || given['receivers'] !== undefined)) {
    throw new UsageError('--to ends when those it names have everything: leave out --stay and --receivers.');
  }
  const until = stay ? 'stay' : integer(given, 'receivers', 1, 1, COUNT_MAX);
  return { kind: 'send', peer: peerOptions(given, defaultName), paths, until, forget, to };
}

function peerOptions(values: Values, defaultName: string): PeerOptions {
  const given = text(values, 'pool');
  if (given === undefined) throw new UsageError('--pool is missing: the code or the link of the pool.');
  const invited = parseInvited(given);
  const pool = parsePoolCode(invited?.pool ?? given);
  if (pool === undefined) {
    throw new UsageError('--pool takes a code of 3 to 64 letters, digits and hyphens, or a whole pool link.');
  }
  const typedName = text(values, 'name');
  const name = cleanName(typedName ?? defaultName);
  if (name === undefined) throw new UsageError(NAME_WORDS);
  const server = text(values, 'server') ?? originOfLink(given) ?? DEFAULT_SERVER;
  const stats = text(values, 'stats');
  const data = text(values, 'data');
  const rates = {
    downBytesPerSecond: rate(values, 'limit-down'),
    upBytesPerSecond: rate(values, 'limit-up') ?? rate(values, 'limit'),
  };
  const [json, relayOnly] = [values['json'] === true, values['relay-only'] === true];
  const passphrase = text(values, 'passphrase');
  const shown = {
    ...(passphrase !== undefined && { passphrase }),
    ...(invited !== undefined && { invitation: invited.token }),
  };
  return { pool, server: websocketUrl(server), name, json, stats, data, rates, relayOnly, shown };
}

/** The part of a pool link before `#`, if `text` is a link. */
function originOfLink(text: string): string | undefined {
  const trimmed = text.trim();
  return /^https?:\/\//iu.test(trimmed) ? trimmed.slice(0, trimmed.indexOf('#')) : undefined;
}

/** `http(s)://host[/path]` or `ws(s)://host[/ws]` to the websocket's address. Throws a UsageError on anything else. */
export function websocketUrl(server: string): string {
  const address = websocketAddress(server);
  if (address !== undefined) return address;
  throw new UsageError('--server takes an address such as https://pool.example or http://localhost:8080.');
}

/** A display name from a host name: the first label, or `otherwise` where it says nothing to people. */
export function defaultNameFor(hostname: string, otherwise = 'Terminal'): string {
  const label = hostname.split('.')[0] ?? '';
  const meaningless = label === '' || label === 'localhost' || /^[0-9a-f]{12}$|^\d+$/u.test(label);
  return (meaningless ? undefined : cleanName(label)) ?? otherwise;
}

function text(values: Values, option: string): string | undefined {
  const value = values[option];
  if (typeof value !== 'string') return undefined;
  if (value.trim() === '') throw new UsageError(`--${option} needs a value.`);
  return value;
}

function integer(values: Values, option: string, fallback: number, min: number, max: number): number {
  const given = text(values, option);
  if (given === undefined) return fallback;
  const value = /^\d{1,9}$/u.test(given) ? Number(given) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(`--${option} takes a whole number from ${min} to ${max}, not “${given}”.`);
  }
  return value;
}

function rate(values: Values, option: string): number | undefined {
  const given = text(values, option);
  const bytesPerSecond = given === undefined ? undefined : parseRate(given);
  if (given !== undefined && bytesPerSecond === undefined) {
    throw new UsageError(`--${option} takes bytes a second from 1k up, such as 500k or 2MB, not “${given}”.`);
  }
  return bytesPerSecond;
}

/** Of an option that may be given more than once. */
function texts(values: Values, option: string): string[] {
  const given = values[option];
  const all = Array.isArray(given) ? given.map(String) : [];
  if (all.some((each) => each.trim() === '')) throw new UsageError(`--${option} needs a value.`);
  return all;
}

function isTopic(word: string): word is Topic {
  return (TOPICS as readonly string[]).includes(word);
}

// parseArgs explains itself to programmers; this says the same to people.
export function usageWords(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  const message = messageOf(error);
  const quoted = /'([^']*)'/u.exec(message)?.[1]?.replace(/ <value>$/u, '') ?? '';
  switch (codeOf(error)) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
      return `There is no option ${quoted}.`;
    case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
      return `“${quoted}” is not expected here.`;
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
      if (message.includes('does not take an argument')) return `${quoted.replace(/^-\w, /u, '')} takes no value.`;
      return `${quoted.replace(/^-\w, /u, '')} needs a value.`;
    default:
      return message;
  }
}
