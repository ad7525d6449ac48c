// Every option of `rockpool serve`, in one schema: read from flags, the environment and a JSON file, in that order, and told of
// with its source when it is wrong. What the schema says of itself is printed by options-reference.ts. What an option does is
// serving.ts.
import { z } from 'zod';
import { natsAddress } from './bus/nats-address.ts';
import { HUB_DEFAULTS } from './limits.ts';
import { requireOrigin } from './origin.ts';

/** What an operator decides, checked. Optional ones are off. */
export interface ServeSettings {
  readonly host: string;
  readonly port: number;
  /** Without a slash at its end. */
  readonly publicUrl?: string | undefined;
  /** Empty, or begins with a slash and ends with none. */
  readonly basePath: string;
  readonly trustProxy: number;
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly data?: string | undefined;
  readonly database?: string | undefined;
  readonly guests: 'on' | 'off';
  /** Accounts' ids. */
  readonly operators?: readonly string[] | undefined;
  readonly bus?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** 0: none. */
  readonly stunPort: number;
  readonly stunHost: string;
  readonly turnUrls?: readonly string[] | undefined;
  readonly turnSecret?: string | undefined;
  readonly hooksUrl?: string | undefined;
  readonly hooksBearer?: string | undefined;
  readonly maxSockets: number;
  readonly maxAddressSockets: number;
  readonly maxPoolMembers: number;
  readonly joinsPerSecond: number;
  readonly awaySeconds: number;
  readonly drainSeconds: number;
  /** 0: none. */
  readonly metricsPort: number;
  readonly metricsHost: string;
  readonly logLevel: LogLevel;
}

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What people read of an option. */
export interface OptionWords {
  /** Stands for the value in a usage line. */
  readonly value: string;
  /** What it may be: the end of a sentence. */
  readonly takes: string;
  readonly about: string;
  /** Not to be shown again. */
  readonly secret?: true;
}

const WORDS = z.registry<OptionWords>();

/** What the environment and flags say is text; a file has numbers and lists of its own. */
const asNumber = (given: unknown): unknown =>
  typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given;
const asList = (given: unknown): unknown =>
  typeof given === 'string' ? given.split(',').map((each) => each.trim()) : given;

const whole = (least: number, most: number) => z.preprocess(asNumber, z.int().min(least).max(most));
const text = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^\P{Cc}*$/u);
const host = text.regex(/^[\w.:-]+$/);
const path = text;
const listOf = (each: z.ZodType<string>, most: number) => z.preprocess(asList, z.array(each).min(1).max(most));
const count = (least: number, most: number): string => `a whole number from ${least} to ${most}`;

const SHAPE = {
  host: host.default('localhost').register(WORDS, {
    value: 'HOST',
    takes: 'an address or a name of this machine',
    about: 'Address to listen on; 0.0.0.0 for the whole network, :: for that and IPv6',
  }),
  port: whole(0, 65_535)
    .default(8080)
    .register(WORDS, {
      value: 'N',
      takes: count(0, 65_535),
      about: 'Port to listen on; 0 takes any free one',
    }),
  publicUrl: text.refine(isWebAddress).transform(trimSlash).optional().register(WORDS, {
    value: 'URL',
    takes: 'an http:// or https:// address without a fragment',
    about: 'Address that people open, where it is another than that of this machine. STUN is announced by its host',
  }),
  basePath: text
    .regex(/^\/(?:[\w-][\w.-]*\/?)*$/)
    .transform(trimSlash)
    .default('')
    .register(WORDS, {
      value: 'PATH',
      takes: 'a path such as /rockpool',
      about: 'Path under which everything is: the app, the API and the websocket',
    }),
  trustProxy: whole(0, 10)
    .default(0)
    .register(WORDS, {
      value: 'N',
      takes: count(0, 10),
      about: 'How many proxies in front write X-Forwarded-For; 0 believes nobody',
    }),
  allowedOrigins: listOf(text.refine(isOrigin), 64).optional().register(WORDS, {
    value: 'LIST',
    takes: 'origins such as https://pool.example, with commas between them',
    about: 'Whose pages may connect; by default those of the host that a request names',
  }),
  data: path.optional().register(WORDS, {
    value: 'DIR',
    takes: 'a folder',
    about: 'Where accounts and pools are kept, in SQLite',
  }),
  database: text
    .regex(/^postgres(?:ql)?:\/\/\S+$/)
    .optional()
    .register(WORDS, {
      value: 'URL',
      takes: 'an address such as postgresql://user:password@host/name',
      about: 'PostgreSQL or CockroachDB to keep them in instead',
      secret: true,
    }),
  guests: z.enum(['on', 'off']).default('on').register(WORDS, {
    value: 'WHETHER',
    takes: 'on or off',
    about: 'Where accounts are kept: whether people without one may join; pools for the invited never let them',
  }),
  operators: listOf(text.regex(/^[0-9a-f]{32}$/), 64)
    .optional()
    .register(WORDS, {
      value: 'LIST',
      takes: '1 to 64 ids of accounts, 32 hex digits each, with commas between them',
      about:
        'Whose accounts may judge reports, ban and kick, and nobody else’s; an account shows its id: docs/moderation.md',
    }),
  bus: text.refine(isBusAddress).optional().register(WORDS, {
    value: 'URL',
    takes: 'an address such as nats://user:password@host:4222 or tls://token@host',
    about: 'NATS, through which several nodes act as one; with accounts, all of them at one --database',
    secret: true,
  }),
  tlsCert: path.optional().register(WORDS, {
    value: 'FILE',
    takes: 'a PEM file',
    about: 'Certificate and its chain, for https without a proxy; read again when it changes, and on SIGHUP',
  }),
  tlsKey: path.optional().register(WORDS, {
    value: 'FILE',
    takes: 'a PEM file',
    about: 'Key of the certificate',
  }),
  stunPort: whole(0, 65_535)
    .default(0)
    .register(WORDS, {
      value: 'N',
      takes: count(0, 65_535),
      about: 'UDP port of the STUN server; usually 3478, 0 for none. Needs --public-url',
    }),
  stunHost: host.default('0.0.0.0').register(WORDS, {
    value: 'HOST',
    takes: 'an address or a name of this machine',
    about: 'Address that STUN listens on; :: for IPv6 too. On a machine with several public addresses name one',
  }),
  turnUrls: listOf(text.regex(/^turns?:[\w.:[\]-]+(?:\?transport=(?:udp|tcp))?$/), 4)
    .optional()
    .register(WORDS, {
      value: 'LIST',
      takes: '1 to 4 addresses such as turn:pool.example:3478?transport=udp, with commas between them',
      about: 'TURN servers that devices are told, with a credential of their own each. Needs --turn-secret',
    }),
  turnSecret: text
    .regex(/^[\w+/=.~-]{32,256}$/)
    .optional()
    .register(WORDS, {
      value: 'TEXT',
      takes: '32 to 256 letters, digits and +/=.~-',
      about: "coturn's static-auth-secret",
      secret: true,
    }),
  hooksUrl: text.refine(isWebAddress).optional().register(WORDS, {
    value: 'URL',
    takes: 'an http:// or https:// address without a fragment',
    about: 'Who is asked whether a device may join, and told who is there: docs/hooks.md. Needs --hooks-bearer',
  }),
  hooksBearer: text
    .regex(/^[\x21-\x7e]+$/)
    .optional()
    .register(WORDS, {
      value: 'TEXT',
      takes: 'printable characters without blanks',
      about: 'Shown to it as Authorization: Bearer',
      secret: true,
    }),
  maxSockets: whole(1, 1_000_000)
    .default(HUB_DEFAULTS.socketsMax)
    .register(WORDS, {
      value: 'N',
      takes: count(1, 1_000_000),
      about: 'Open websockets, and as many pools and devices that are away; an idle one costs some 20 KB',
    }),
  maxAddressSockets: whole(1, 1_000_000)
    .default(HUB_DEFAULTS.addressSocketsMax)
    .register(WORDS, {
      value: 'N',
      takes: count(1, 1_000_000),
      about: 'Open websockets of one network address: a school may be behind one',
    }),
  maxPoolMembers: whole(2, 256)
    .default(HUB_DEFAULTS.poolMembersMax)
    .register(WORDS, {
      value: 'N',
      takes: count(2, 256),
      about: 'Members of one pool: everyone links to everyone',
    }),
  joinsPerSecond: whole(1, 1_000_000)
    .default(HUB_DEFAULTS.joinsPerSecond)
    .register(WORDS, {
      value: 'N',
      takes: count(1, 1_000_000),
      about: 'Joins that are taken on each second; those beyond are told when to come back',
    }),
  awaySeconds: whole(1, 600)
    .default(HUB_DEFAULTS.resumeMs / 1000)
    .register(WORDS, {
      value: 'N',
      takes: count(1, 600),
      about: 'How long a device that lost its connection keeps its place in its pool',
    }),
  drainSeconds: whole(1, 600)
    .default(2)
    .register(WORDS, {
      value: 'N',
      takes: count(1, 600),
      about: 'Over how long a SIGTERM sends the devices away, each with a time to come back',
    }),
  metricsPort: whole(0, 65_535)
    .default(0)
    .register(WORDS, {
      value: 'N',
      takes: count(0, 65_535),
      about: 'Port of GET /metrics for Prometheus; 0 for none',
    }),
  metricsHost: host.default('127.0.0.1').register(WORDS, {
    value: 'HOST',
    takes: 'an address or a name of this machine',
    about: 'Address that metrics listen on: nobody but you should reach it',
  }),
  logLevel: z
    .enum(LOG_LEVELS)
    .default('warn')
    .register(WORDS, {
      value: 'LEVEL',
      takes: LOG_LEVELS.join(', '),
      about: 'What is logged, in JSON lines on stderr; info adds a line of counts a minute',
    }),
} satisfies Record<keyof ServeSettings, z.ZodType>;
const SCHEMA = z.strictObject(SHAPE);

/** Options that are of use together only. */
const PAIRS = [
  ['tlsCert', 'tlsKey'],
  ['turnUrls', 'turnSecret'],
  ['hooksUrl', 'hooksBearer'],
] as const satisfies readonly (readonly (keyof ServeSettings)[])[];

export type OptionsErrorCode = 'unknown-option' | 'bad-value' | 'bad-file' | 'incomplete';

/** Why the options cannot be followed, for people: each problem names the option, where it stands, and what it may be. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
  readonly code: OptionsErrorCode;

  constructor(code: OptionsErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface OptionSources {
  /** By name, without the hyphens before it. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file. May throw. */
  readonly readFile: (path: string) => string;
}

/** An option as it is documented. */
export interface DocumentedOption extends OptionWords {
  /** As a flag without its hyphens, and as a key in the file. */
  readonly name: string;
  /** As text; undefined: off. */
  readonly fallback: string | undefined;
}

/** Names the JSON file: the one thing that cannot stand in it. */
export const CONFIG_OPTION = 'config';

/** All options but `config`, in the order in which they are documented. */
export const SERVE_OPTIONS: readonly DocumentedOption[] = Object.entries(SHAPE).map(([key, schema]) => {
  const words = WORDS.get(schema);
  if (words === undefined) throw new Error(`${key} has no words`);
  const fallback: unknown = schema.parse(undefined);
  return { name: nameOf(key), fallback: fallback === undefined ? undefined : String(fallback), ...words };
});

/** `trust-proxy` -> `ROCKPOOL_TRUST_PROXY`. */
const environmentName = (name: string): string => `ROCKPOOL_${name.toUpperCase().replaceAll('-', '_')}`;

interface Given {
  readonly value: unknown;
  /** Where it stands, with its name there. */
  readonly where: string;
}

/** Flags count before the environment, that before the file, that before what is usual. Throws an OptionsError. */
export function readSettings({ flags, env, readFile }: OptionSources): ServeSettings {
  const config = flags[CONFIG_OPTION] ?? nonEmpty(env[environmentName(CONFIG_OPTION)]);
  const file = config === undefined ? {} : readConfig(config, readFile);
  const known = new Set(SERVE_OPTIONS.map(({ name }) => name));
  const odd = Object.keys(file).find((name) => !known.has(name));
  if (odd !== undefined) throw new OptionsError('unknown-option', `${config}: there is no option “${odd}”.`);

  const given = new Map<string, Given>();
  for (const { name } of SERVE_OPTIONS) {
    const [flag, variable] = [flags[name], nonEmpty(env[environmentName(name)])];
    if (flag !== undefined) given.set(name, { value: flag, where: `--${name}` });
    else if (variable !== undefined) given.set(name, { value: variable, where: environmentName(name) });
    else if (file[name] !== undefined) given.set(name, { value: file[name], where: `“${name}” in ${config}` });
  }
  const parsed = SCHEMA.safeParse(
    Object.fromEntries(
      Object.keys(SHAPE).flatMap((key) => {
        const one = given.get(nameOf(key));
        return one === undefined ? [] : [[key, one.value]];
      }),
    ),
  );
  if (!parsed.success) throw new OptionsError('bad-value', problems(parsed.error.issues, given));
  requireComplete(parsed.data);
  return parsed.data;
}

function readConfig(file: string, readFile: OptionSources['readFile']): Readonly<Record<string, unknown>> {
  const bad = (why: string): OptionsError => new OptionsError('bad-file', `--config ${file}: ${why}.`);
  let content: unknown;
  try {
    content = JSON.parse(readFile(file));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw bad(error instanceof SyntaxError ? `no JSON: ${reason}` : `cannot be read: ${reason}`);
  }
  const options = z.record(z.string(), z.unknown()).safeParse(content);
  if (!options.success) throw bad('expected one JSON object with options in it');
  return options.data;
}

/** One line an option, in the order of the schema. */
function problems(issues: readonly z.core.$ZodIssue[], given: ReadonlyMap<string, Given>): string {
  const wrong = new Set(issues.map(({ path }) => nameOf(String(path[0]))));
  return SERVE_OPTIONS.filter(({ name }) => wrong.has(name))
    .map(({ name, takes, secret }) => {
      const { where = name, value } = given.get(name) ?? {};
      const shown = secret === true ? 'what was given' : `“${String(value).slice(0, 100)}”`;
      return `${where} takes ${takes}, not ${shown}.`;
    })
    .join('\n');
}

function requireComplete(settings: ServeSettings): void {
  for (const pair of PAIRS) {
    const [there, missing] = settings[pair[0]] === undefined ? [pair[1], pair[0]] : [pair[0], pair[1]];
    if (settings[there] === undefined || settings[missing] !== undefined) continue;
    throw new OptionsError('incomplete', `--${nameOf(there)} needs --${nameOf(missing)} beside it.`);
  }
  if (settings.bus !== undefined && settings.data !== undefined && settings.database === undefined) {
    throw new OptionsError(
      'incomplete',
      '--bus needs --database in the place of --data: all nodes have the same accounts.',
    );
  }
  if (settings.operators !== undefined && settings.data === undefined && settings.database === undefined) {
    throw new OptionsError('incomplete', '--operators needs --data or --database beside it: they are accounts.');
  }
  if (settings.stunPort !== 0 && settings.publicUrl === undefined) {
    throw new OptionsError('incomplete', '--stun-port needs --public-url beside it: devices are told its host.');
  }
}

/** `trustProxy` -> `trust-proxy`. */
function nameOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** An empty variable is how compose files and units say that there is none. */
function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function trimSlash(address: string): string {
  return address.replace(/\/+$/, '');
}

function isWebAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, username, password, hash } = new URL(address);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}

function isBusAddress(address: string): boolean {
  try {
    natsAddress(address);
    return true;
  } catch {
    return false;
  }
}

function isOrigin(address: string): boolean {
  try {
    return requireOrigin(address) === address;
  } catch {
    return false;
  }
}
