// The command line: what is understood, what is refused, and with which words.
import { describe, expect, test } from '@jest/globals';
import { defaultNameFor, parseCommand, TOPICS, websocketUrl } from '../../cli/options.ts';
import { runAlone } from './support.ts';

const parse = (line: string) => parseCommand(line.split(' ').filter(Boolean), 'laptop');

describe('what is understood', () => {
  test('what serve is told is read where a server is run', () => {
    expect(parse('serve --port 0 --json')).toEqual({ kind: 'serve', args: ['--port', '0', '--json'] });
  });

  test.each(['https://pool.example', 'https://pool.example/', 'https://pool.example/#calm-otter'])(
    'doctor takes an address as people open it: %s',
    (url) => {
      expect(parse(`doctor ${url}`)).toEqual({ kind: 'doctor', url: 'https://pool.example', json: false });
    },
  );

  test('join takes a code in any case and the local server', () => {
    expect(parse('join --pool Calm-Otter')).toEqual({
      kind: 'join',
      peer: {
        pool: 'calm-otter',
        server: 'ws://localhost:8080/ws',
        name: 'laptop',
        json: false,
        stats: undefined,
        data: undefined,
        rates: { downBytesPerSecond: undefined, upBytesPerSecond: undefined },
        relayOnly: false,
        shown: {},
      },
      into: undefined,
    });
  });

  test('a device may hide behind the relay', () => {
    expect(parse('join --pool abc --relay-only')).toMatchObject({ peer: { relayOnly: true } });
  });

  test('what is shown at a pool’s door: a passphrase, and the invitation in a link', () => {
    const token = 'a'.repeat(43);
    expect(parse(`join --pool https://pool.example/#invited=calm-otter/${token} --passphrase kelp`)).toMatchObject({
      peer: { pool: 'calm-otter', server: 'wss://pool.example/ws', shown: { invitation: token, passphrase: 'kelp' } },
    });
  });

  test('account shows who is signed in, signs in with words in any form, and signs out', () => {
    const there = { kind: 'account', server: 'wss://pool.example/ws', data: undefined, json: false };
    const account = (words: string) => parse(`account ${words} --server https://pool.example`);
    expect(account('')).toEqual({ ...there, wish: { kind: 'show' } });
    expect(account('sign-in one-two')).toEqual({ ...there, wish: { kind: 'sign-in', code: 'one-two' } });
    expect(account('sign-in one two')).toEqual({ ...there, wish: { kind: 'sign-in', code: 'one two' } });
    expect(account('sign-out')).toEqual({ ...there, wish: { kind: 'sign-out' } });
    for (const words of ['sign-in', 'sign-out now', 'delete']) expect(account(words)).toMatchObject({ kind: 'usage' });
  });

  test('a pool link also gives the server', () => {
    expect(parse('join --pool https://pool.example:8443/#calm-otter')).toMatchObject({
      peer: { pool: 'calm-otter', server: 'wss://pool.example:8443/ws' },
    });
  });

  test('--server wins over the server of the link', () => {
    expect(parse('join --pool https://pool.example/#abc --server http://10.0.0.2:9000')).toMatchObject({
      peer: { server: 'ws://10.0.0.2:9000/ws' },
    });
  });

  test.each(['join', 'send a.txt', 'receive --into inbox'])('%s takes a file for statistics', (words) => {
    expect(parse(`${words} --pool abc --stats stats.jsonl`)).toMatchObject({ peer: { stats: 'stats.jsonl' } });
  });

  test('send takes several paths and a number of receivers', () => {
    expect(parse('send a.txt b.txt --pool abc --receivers 2')).toMatchObject({
      kind: 'send',
      paths: ['a.txt', 'b.txt'],
      until: 2,
    });
  });

  test('send --to names people, as many as one likes', () => {
    expect(parse('send a --pool abc --to Jo --to Mara')).toMatchObject({ to: ['Jo', 'Mara'], until: 1 });
    expect(parse('send a --pool abc')).toMatchObject({ to: [] });
  });

  test('send --stay needs no path', () => {
    expect(parse('send --stay --pool abc')).toMatchObject({ kind: 'send', paths: [], until: 'stay', forget: false });
    expect(parse('send --stay --forget a --pool abc')).toMatchObject({ paths: ['a'], until: 'stay', forget: true });
  });

  test('send --limit limits what goes out, --limit-down and --limit-up either way', () => {
    expect(parse('send a --pool abc --limit 2MB')).toMatchObject({ peer: { rates: { upBytesPerSecond: 2e6 } } });
    for (const words of ['join', 'receive --into x']) {
      expect(parse(`${words} --pool abc --limit-down 1.5m --limit-up 500k`)).toMatchObject({
        peer: { rates: { downBytesPerSecond: 1.5e6, upBytesPerSecond: 5e5 } },
      });
    }
  });

  test('receive takes several patterns, and a time to wait of a minute', () => {
    expect(parse('receive --pool abc --into x --only *.jpg --only a?')).toMatchObject({
      only: ['*.jpg', 'a?'],
      waitSeconds: 60,
    });
    expect(parse('receive --pool abc --into x --wait 0')).toMatchObject({ only: [], waitSeconds: 0 });
  });

  test('history lists everything, unless told otherwise', () => {
    const all = { kind: 'history', data: undefined, search: '', clear: false, json: false };
    expect(parse('history')).toEqual(all);
    expect(parse('history --search Mara --data d --json')).toEqual({ ...all, search: 'Mara', data: 'd', json: true });
    expect(parse('history --clear')).toEqual({ ...all, clear: true });
  });

  test('messages lists a pool, searches, and exports', () => {
    const all = { kind: 'messages', data: undefined, pool: undefined, search: undefined, format: undefined } as const;
    expect(parse('messages')).toEqual({ ...all, limit: 50, json: false });
    expect(parse('messages https://pool.example/#Calm-Otter --search crab --limit 3 --json --data d')).toEqual({
      ...all,
      pool: 'calm-otter',
      search: 'crab',
      limit: 3,
      json: true,
      data: 'd',
    });
    expect(parse('messages abc --export markdown')).toMatchObject({ pool: 'abc', format: 'markdown' });
  });

  test('a path after -- may begin with a hyphen', () => {
    expect(parse('send --pool abc -- -odd.txt')).toMatchObject({ paths: ['-odd.txt'] });
  });

  test('receive takes a folder and a count of 1', () => {
    expect(parse('receive --pool abc --into inbox')).toMatchObject({ kind: 'receive', into: 'inbox', count: 1 });
  });

  test.each([
    ['http://localhost:8080', 'ws://localhost:8080/ws'],
    ['https://pool.example/', 'wss://pool.example/ws'],
    ['https://pool.example/rock/', 'wss://pool.example/rock/ws'],
    ['ws://[::1]:9000', 'ws://[::1]:9000/ws'],
    ['wss://pool.example/ws', 'wss://pool.example/ws'],
  ])('the server %s is reached at %s', (server, url) => {
    expect(websocketUrl(server)).toBe(url);
  });

  test.each([
    ['maras-laptop.local', 'maras-laptop'],
    ['localhost', 'Terminal'],
    ['3f9a0c1d2e4b', 'Terminal'],
    ['', 'Terminal'],
  ])('the host name %p makes the display name %s', (host, name) => {
    expect(defaultNameFor(host)).toBe(name);
  });
});

describe('what is refused, with exit code 2', () => {
  test.each([
    [[], 'Say what to do.'],
    [['dive'], 'There is no command “dive”.'],
    [['help', 'dive'], 'There is no command “dive”.'],
    [['join'], '--pool is missing'],
    [['join', '--pool'], '--pool needs a value.'],
    [['join', '--pool', '  '], '--pool needs a value.'],
    [['join', '--pool', '!'], '--pool takes a code of 3 to 64'],
    [['join', '--pool', 'https://pool.example/'], '--pool takes a code of 3 to 64'],
    [['join', '--pool', 'abc', '--stats'], '--stats needs a value.'],
    [['serve', '--stats', 'x'], 'There is no option --stats.'],
    [['join', '--pool', 'abc', '--colour', 'red'], 'There is no option --colour.'],
    [['join', '--pool', 'abc', 'extra'], '“extra” is not expected here.'],
    [['join', '--pool', 'abc', '--json=yes'], '--json takes no value.'],
    [['join', '--pool', 'abc', '--server', 'ftp://x'], '--server takes an address'],
    [['join', '--pool', 'abc', '--server', 'pool.example'], '--server takes an address'],
    [['join', '--pool', 'abc', '--server', 'http://me:secret@x'], '--server takes an address'],
    [['join', '--pool', 'abc', '--name', '\u200b'], '--name needs at least one visible character'],
    [['send', '--pool', 'abc'], 'Name at least one file or folder to send.'],
    [['send', 'a', '--pool', 'abc', '--forget'], '--forget goes with --stay'],
    [['send', 'a', '--pool', 'abc', '--stay', '--receivers', '2'], 'leave out --receivers'],
    [['send', 'a', '--pool', 'abc', '--to', ' '], '--to needs a value.'],
    [['send', 'a', '--pool', 'abc', '--to', 'Jo', '--stay'], 'leave out --stay and --receivers'],
    [['send', 'a', '--pool', 'abc', '--to', 'Jo', '--receivers', '2'], 'leave out --stay and --receivers'],
    [['send', 'a', '--pool', 'abc', '--limit', '0'], '--limit takes bytes a second from 1k up'],
    [['receive', '--pool', 'abc', '--into', 'x', '--limit-down', '2Mbit'], '--limit-down takes bytes a second'],
    [['receive', '--pool', 'abc', '--into', 'x', '--wait', '-1'], '--wait'],
    [['receive', '--pool', 'abc', '--into', 'x', '--only', ''], '--only needs a value.'],
    [['history', '--clear', '--search', 'x'], '--clear takes everything'],
    [['history', 'extra'], '“extra” is not expected here.'],
    [['messages', 'a', 'b'], 'Name one pool at most.'],
    [['messages', '!'], 'A pool is a code of 3 to 64'],
    [['messages', '--export', 'json'], '--export takes one pool'],
    [['messages', 'abc', '--export', 'pdf'], '--export takes json or markdown, not “pdf”.'],
    [['messages', 'abc', '--export', 'json', '--search', 'x'], 'leave out --search'],
    [['messages', 'abc', '--export', 'json', '--limit', '5'], 'leave out --search'],
    [['messages', 'abc', '--export', 'json', '--json'], 'leave out --search'],
    [['messages', 'abc', '--limit', '0'], '--limit takes a whole number from 1'],
    [['send', 'a', '--pool', 'abc', '--receivers', '0'], '--receivers takes a whole number from 1'],
    [['receive', '--pool', 'abc'], '--into is missing'],
    [['receive', '--pool', 'abc', '--into', 'x', '--count', '1.5'], '--count takes a whole number from 1'],
    [['serve', '--port', '65536'], '--port takes a whole number from 0 to 65535, not “65536”.'],
    [['serve', '--port', '0x50'], '--port takes a whole number'],
    [['serve', '--port'], '--port needs a value.'],
    [['serve', '--host', ' '], '--host needs a value.'],
    [['serve', 'extra'], '“extra” is not expected here.'],
    [['serve', '--tls-cert', 'cert.pem'], '--tls-cert needs --tls-key beside it.'],
    [['serve', '--config', 'nowhere.json'], '--config nowhere.json: cannot be read'],
    [['doctor'], 'Name one address'],
    [['doctor', 'a', 'b'], 'Name one address'],
    [['doctor', 'pool.example'], 'Name one address'],
    [['doctor', 'ftp://pool.example'], 'Name one address'],
  ])('%j', async (argv, words) => {
    const { code, stdout, stderr } = await runAlone(...argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(words);
  });
});

describe('help', () => {
  test.each([['help'], ['--help'], ['-h']])('rockpool %s lists every command', async (word) => {
    const { code, stdout } = await runAlone(word);
    expect(code).toBe(0);
    for (const topic of TOPICS) expect(stdout).toContain(`rockpool ${topic}`);
  });

  test.each([...TOPICS])('%s --help and help %s are the same page, with examples', async (topic) => {
    const page = await runAlone(topic, '--help');
    expect(page).toEqual(await runAlone('help', topic));
    expect(page.code).toBe(0);
    expect(page.stdout).toMatch(new RegExp(`\\n  .*rockpool ${topic}`));
  });

  test('no help line is wider than 80 columns', async () => {
    const pages = await Promise.all(TOPICS.map((topic) => runAlone('help', topic)));
    for (const line of pages.flatMap((page) => page.stdout.split('\n'))) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('--version prints the version of the package', async () => {
    expect((await runAlone('--version')).stdout).toMatch(/^rockpool \d+\.\d+\.\d+\n$/);
  });
});
