// The options of `rockpool serve`: where they are read, how they are refused, and that the documents list them all.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { HUB_DEFAULTS } from '../../signaling/limits.ts';
import { OptionsError, readSettings, SERVE_OPTIONS, type ServeSettings } from '../../signaling/options.ts';
import { helpReference, referenceRows } from '../../signaling/options-reference.ts';

interface Given {
  readonly flags?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The text of `options.json`, which is there if this is. */
  readonly file?: string;
}

function read({ flags = {}, env = {}, file }: Given): ServeSettings {
  const named = file === undefined ? flags : { config: 'options.json', ...flags };
  return readSettings({ flags: named, env, readFile: () => file ?? '' });
}

function problem(given: Given): { code: string; message: string } {
  try {
    read(given);
  } catch (error) {
    if (error instanceof OptionsError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('with nothing said', () => {
  test('the server is for this machine, and nothing stands beside it', () => {
    expect(read({})).toEqual({
      host: 'localhost',
      port: 8080,
      basePath: '',
      trustProxy: 0,
      guests: 'on',
      stunPort: 0,
      stunHost: '0.0.0.0',
      maxSockets: HUB_DEFAULTS.socketsMax,
      maxAddressSockets: HUB_DEFAULTS.addressSocketsMax,
      maxPoolMembers: HUB_DEFAULTS.poolMembersMax,
      joinsPerSecond: HUB_DEFAULTS.joinsPerSecond,
      awaySeconds: HUB_DEFAULTS.resumeMs / 1000,
      drainSeconds: 2,
      metricsPort: 0,
      metricsHost: '127.0.0.1',
      logLevel: 'warn',
    });
  });

  test('an empty variable says nothing', () => {
    expect(read({ env: { ROCKPOOL_PORT: '', ROCKPOOL_CONFIG: '' } })).toMatchObject({ port: 8080 });
  });
});

describe('what is said', () => {
  test('a file has numbers and lists of its own, and text as well', () => {
    const file = '{ "port": 9000, "trust-proxy": "2", "allowed-origins": ["https://a.example", "https://b.example"] }';
    expect(read({ file })).toMatchObject({
      port: 9000,
      trustProxy: 2,
      allowedOrigins: ['https://a.example', 'https://b.example'],
    });
  });

  test('lists in flags have commas', () => {
    expect(read({ flags: { 'allowed-origins': 'https://a.example, https://b.example' } }).allowedOrigins).toEqual([
      'https://a.example',
      'https://b.example',
    ]);
  });

  test.each([
    ['/', ''],
    ['/rockpool', '/rockpool'],
    ['/a/b/', '/a/b'],
  ])('the base path %s is %j inside', (given, inside) => {
    expect(read({ flags: { 'base-path': given } }).basePath).toBe(inside);
  });

  test('the public address loses its last slash', () => {
    expect(read({ flags: { 'public-url': 'https://pool.example/r/' } }).publicUrl).toBe('https://pool.example/r');
  });
});

describe('what is wrong is told with its name, its place and what it may be', () => {
  test.each([
    [{ flags: { port: '-1' } }, 'bad-value', '--port takes a whole number from 0 to 65535, not “-1”.'],
    [{ env: { ROCKPOOL_PORT: 'tcp://10.0.0.1:80' } }, 'bad-value', 'ROCKPOOL_PORT takes a whole number'],
    [{ file: '{ "port": 1.5 }' }, 'bad-value', '“port” in options.json takes a whole number'],
    [{ file: '{ "port": null }' }, 'bad-value', '“port” in options.json takes a whole number'],
    [{ flags: { 'base-path': 'rockpool' } }, 'bad-value', '--base-path takes a path such as /rockpool'],
    [{ flags: { 'base-path': '/../x' } }, 'bad-value', '--base-path'],
    [{ flags: { 'base-path': '//x' } }, 'bad-value', '--base-path'],
    [{ flags: { 'base-path': '/:id' } }, 'bad-value', '--base-path'],
    [{ flags: { 'allowed-origins': 'pool.example' } }, 'bad-value', '--allowed-origins takes origins such as'],
    [{ flags: { 'public-url': 'pool.example' } }, 'bad-value', '--public-url takes an http://'],
    [{ flags: { 'public-url': 'https://me:secret@pool.example' } }, 'bad-value', '--public-url'],
    [{ flags: { 'turn-urls': 'stun:x' } }, 'bad-value', '--turn-urls takes 1 to 4 addresses such as'],
    [{ flags: { 'turn-urls': 'turn:a,turn:b,turn:c,turn:d,turn:e' } }, 'bad-value', '--turn-urls'],
    [{ flags: { 'log-level': 'loud' } }, 'bad-value', '--log-level takes silent, error, warn, info, debug'],
    [{ flags: { 'tls-key': 'key.pem' } }, 'incomplete', '--tls-key needs --tls-cert beside it.'],
    [{ flags: { 'turn-urls': 'turn:a' } }, 'incomplete', '--turn-urls needs --turn-secret beside it.'],
    [{ flags: { 'hooks-bearer': 'x' } }, 'incomplete', '--hooks-bearer needs --hooks-url beside it.'],
    [{ flags: { bus: 'http://nats.example' } }, 'bad-value', '--bus takes an address such as nats://'],
    [{ flags: { operators: '0'.repeat(32) } }, 'incomplete', '--operators needs --data or --database'],
    [{ flags: { bus: 'nats://nats', data: '.' } }, 'incomplete', '--bus needs --database in the place of --data'],
    [{ flags: { 'stun-port': '3478' } }, 'incomplete', '--stun-port needs --public-url beside it'],
    [{ file: '{ "prot": 1 }' }, 'unknown-option', 'options.json: there is no option “prot”.'],
    [{ file: '[]' }, 'bad-file', '--config options.json: expected one JSON object'],
    [{ file: '{' }, 'bad-file', '--config options.json: no JSON'],
  ])('%j', (given, code, words) => {
    const found = problem(given);
    expect(found.code).toBe(code);
    expect(found.message).toContain(words);
  });

  test('all of them at once', () => {
    const { message } = problem({ flags: { port: 'x' }, env: { ROCKPOOL_TRUST_PROXY: '11' } });
    expect(message.split('\n')).toEqual([
      expect.stringMatching(/^--port takes/),
      expect.stringMatching(/^ROCKPOOL_TRUST_PROXY takes/),
    ]);
  });

  test.each(['turn-secret', 'hooks-bearer', 'database', 'bus'])('%s is never shown', (name) => {
    const { message } = problem({ flags: { [name]: 'hidden thing' } });
    expect(message).toContain(`--${name} takes`);
    expect(message).not.toContain('hidden');
  });
});

describe('the reference', () => {
  test('in docs/operating.md lists exactly the options, as they are', () => {
    const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| (`--.*) \|$/gm)].map(([, row = '']) =>
      row.split(' | ').map((cell) => cell.trim()),
    );
    expect(listed).toEqual(referenceRows());
  });

  test('in the help has every option', () => {
    for (const { name, value } of SERVE_OPTIONS)
      expect(helpReference()).toContain(`\n  --${name} ${value}\n`.trimStart());
  });
});
