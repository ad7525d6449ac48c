// A small internet of network namespaces (root, iproute2, nftables): this process in the open, and households behind a NAT each,
// in which real `rockpool` processes run.
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROCKPOOL, type TerminalEvent } from '../cli/terminal.ts';

/**
 * ordinary: a port keeps its number outside, as with most routers at home, so that two such households find a way to each other.
 * symmetric: a port gets another random number for each destination, so that what STUN told is of no use to anybody else.
 */
export type NatKind = 'ordinary' | 'symmetric';

const PATIENCE_MS = 60_000;

export class NatWorld {
  /** Of this process, as every household reaches it. Of the range for benchmarks, which is nobody's. */
  readonly address: string;
  readonly #tag = `rp${process.pid % 100_000}`;
  readonly #third = process.pid % 256;
  readonly #namespaces: string[] = [];
  readonly #people: NattedPeer[] = [];
  readonly #data = mkdtempSync(join(tmpdir(), 'rockpool-nat-'));

  /** Throws, and leaves nothing behind, where this machine does not let us. */
  constructor() {
    this.address = `198.18.${this.#third}.1`;
    try {
      // A bridge of its own, so that nothing of this machine decides what passes.
      const net = this.#namespace('net');
      const root = `${this.#tag}r`;
      run('ip', 'link', 'add', root, 'type', 'veth', 'peer', 'name', 'root', 'netns', net);
      run('ip', 'addr', 'add', `${this.address}/24`, 'dev', root);
      run('ip', 'link', 'set', root, 'up');
      run('ip', '-n', net, 'link', 'add', 'br0', 'type', 'bridge');
      run('ip', '-n', net, 'link', 'set', 'root', 'master', 'br0', 'up');
      run('ip', '-n', net, 'link', 'set', 'br0', 'up');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** A household: a NAT with one network behind it. `number` 2 .. 250, of this world. */
  household(number: number, kind: NatKind): Household {
    const [nat, home] = [this.#namespace(`n${number}`), this.#namespace(`h${number}`)];
    const [net, outside] = [`${this.#tag}net`, `198.18.${this.#third}.${number}`];
    run('ip', '-n', nat, 'link', 'add', 'out', 'type', 'veth', 'peer', 'name', `p${number}`, 'netns', net);
    run('ip', '-n', net, 'link', 'set', `p${number}`, 'master', 'br0', 'up');
    run('ip', '-n', nat, 'addr', 'add', `${outside}/24`, 'dev', 'out');
    run('ip', '-n', nat, 'link', 'set', 'out', 'up');
    run('ip', '-n', nat, 'link', 'add', 'in', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', home);
    run('ip', '-n', nat, 'addr', 'add', `10.77.${number}.1/24`, 'dev', 'in');
    run('ip', '-n', nat, 'link', 'set', 'in', 'up');
    run('ip', '-n', home, 'addr', 'add', `10.77.${number}.2/24`, 'dev', 'eth0');
    run('ip', '-n', home, 'link', 'set', 'eth0', 'up');
    run('ip', '-n', home, 'route', 'add', 'default', 'via', `10.77.${number}.1`);
    run('ip', 'netns', 'exec', nat, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    // What nobody asked for is dropped before the NAT takes note of it, as home routers do: else it would take up the very port
    // that the way out needs.
    run(
      'ip',
      'netns',
      'exec',
      nat,
      'nft',
      `
      table ip home {
        chain post { type nat hook postrouting priority srcnat; oifname "out" masquerade ${kind === 'symmetric' ? 'fully-random' : ''}; }
        chain in { type filter hook input priority filter; iifname "out" meta l4proto udp drop; }
        chain through {
          type filter hook forward priority filter;
          iifname "out" ct state new drop
          iifname "in" ip daddr != ${this.address} counter comment "strangers"
        }
      }`,
    );
    return {
      outside,
      sentToStrangers: () => {
        const text = run('ip', 'netns', 'exec', nat, 'nft', 'list', 'chain', 'ip', 'home', 'through');
        return Number(/counter packets (\d+)/.exec(text)?.[1]);
      },
      join: (name, server, ...argv) => {
        const data = join(this.#data, `${number}-${name}`);
        const own = ['join', '--pool', 'nat', '--server', server, '--name', name, '--data', data, '--json', ...argv];
        const peer = new NattedPeer(['netns', 'exec', home, process.execPath, ROCKPOOL, ...own]);
        this.#people.push(peer);
        return peer;
      },
    };
  }

  close(): void {
    for (const peer of this.#people) peer.stop();
    // Interfaces go with their namespaces, and this machine's end with the other one.
    for (const name of this.#namespaces.toReversed()) run('ip', 'netns', 'del', name);
    this.#namespaces.length = 0;
    rmSync(this.#data, { recursive: true, force: true });
  }

  #namespace(suffix: string): string {
    const name = `${this.#tag}${suffix}`;
    run('ip', 'netns', 'add', name);
    this.#namespaces.push(name);
    run('ip', '-n', name, 'link', 'set', 'lo', 'up');
    return name;
  }
}

export interface Household {
  /** The NAT's address on the outside. */
  readonly outside: string;
  /** Packets that left for anybody but this process. */
  sentToStrangers(): number;
  /** Somebody there enters pool `nat` of `server` (http://...) with a real `rockpool join`. */
  join(name: string, server: string, ...argv: readonly string[]): NattedPeer;
}

/** A real `rockpool join` behind a NAT. */
export class NattedPeer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #events: TerminalEvent[] = [];
  readonly #checks = new Set<() => void>();
  #notes = '';

  constructor(ipArguments: readonly string[]) {
    // Its input stays open: at the end of that it would leave.
    this.#child = spawn('ip', ipArguments, { stdio: 'pipe' });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#notes += text;
      for (const check of this.#checks) check();
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#events.push(JSON.parse(line) as TerminalEvent);
      for (const check of this.#checks) check();
    });
  }

  /** The first thing it says of another member that `fits`, be it said already or still to come. */
  peer(fits: (event: TerminalEvent) => boolean): Promise<TerminalEvent> {
    return this.#said(() => this.#events.find((each) => each.event.startsWith('peer-') && fits(each)));
  }

  /** Once it has said `text` to people, somewhere. */
  async note(text: string): Promise<void> {
    await this.#said(() => (this.#notes.includes(text) ? text : undefined));
  }

  #said<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const story = (): string => this.#events.map((each) => JSON.stringify(each)).join('\n');
      const limit = setTimeout(() => reject(new Error(`not said:\n${story()}\n${this.#notes}`)), PATIENCE_MS);
      const check = (): void => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(limit);
        this.#checks.delete(check);
        resolve(found);
      };
      this.#checks.add(check);
      check();
    });
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

function run(command: string, ...argv: readonly string[]): string {
  return execFileSync(command, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
