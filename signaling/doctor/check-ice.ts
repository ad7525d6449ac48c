// The doctor's look at what devices are told to find each other by: does STUN answer, does TURN relay, and to whom.
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { IceServer } from '../../src/wire/signaling.ts';
import { probeStun, probeTurn, type ProbeFailure } from '../stun/probe.ts';
import { socketName } from '../stun/socket-address.ts';
import { broken, hint, ok, skipped, type Finding } from './findings.ts';

interface IceTarget {
  readonly scheme: 'stun' | 'turn' | 'turns';
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
}

const PATIENCE_MS = 3_000;
/** Nobody outside a network may reach these through a relay: a private network each, the relay's own machine, a cloud's metadata. */
const PRIVATE = ['127.0.0.1', '10.255.0.9', '192.168.255.9', '169.254.169.254'] as const;
const ICE_URL = /^(stun|turns?):(\[[^\]]+\]|[^:?]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/;

export async function checkIce(servers: readonly IceServer[]): Promise<readonly Finding[]> {
  const all = servers.flatMap((server) => server.urls.map((url) => ({ url, server })));
  const [stun, turn] = [
    all.filter(({ url }) => url.startsWith('stun')),
    all.filter(({ url }) => url.startsWith('turn')),
  ];
  const none: Finding[] = [];
  if (stun.length === 0 && turn.length === 0) {
    none.push(
      hint(
        'stun',
        'No STUN server is announced: devices in different networks do not find a way to each other.',
        'Start Rockpool with --stun-port 3478 and --public-url, and open that UDP port (docs/turn.md).',
      ),
    );
  }
  if (turn.length === 0) {
    none.push(
      hint(
        'turn',
        'No TURN server is announced: where routers or firewalls let nothing through directly, devices do not meet.',
        'Run coturn, and name it with --turn-urls and --turn-secret (docs/turn.md).',
      ),
    );
  }
  const asked = await Promise.all([
    ...stun.map(({ url }) => checkOne('stun', url, checkStun)),
    ...turn.map(({ url, server }) => checkOne('turn', url, (target) => checkTurn(url, target, server))),
  ]);
  return [...asked, ...none];
}

async function checkOne(
  check: 'stun' | 'turn',
  url: string,
  look: (target: IceTarget) => Promise<Finding>,
): Promise<Finding> {
  const target = targetOf(url);
  if (target === undefined) return skipped(check, `${url} cannot be examined.`);
  try {
    return await look(target);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    return broken(check, `${url} cannot be asked (${code}).`, 'See that its name is in the DNS and leads to it.');
  }
}

/** Undefined for what the doctor does not know, such as `stuns:`. */
function targetOf(url: string): IceTarget | undefined {
  const [, scheme, host = '', port, transport] = ICE_URL.exec(url) ?? [];
  if (scheme !== 'stun' && scheme !== 'turn' && scheme !== 'turns') return undefined;
  return {
    scheme,
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? (scheme === 'turns' ? 5349 : 3478) : Number(port),
    transport: scheme === 'turns' || transport === 'tcp' ? 'tcp' : 'udp',
  };
}

async function checkStun({ host, port }: IceTarget): Promise<Finding> {
  const probe = await probeStun({ host, port, patienceMs: PATIENCE_MS });
  if (probe.kind === 'seen') return ok('stun', `STUN at ${host}:${port} sees you as ${socketName(probe.seenAs)}.`);
  return notAnswered('stun', `STUN at ${host}:${port}`, probe, port);
}

async function checkTurn(url: string, target: IceTarget, { username, credential }: IceServer): Promise<Finding> {
  const { host, port, transport } = target;
  if (transport === 'tcp') return checkOpens(url, target);
  if (username === undefined || credential === undefined)
    return broken('turn', `${url} is announced without a credential.`, 'Name --turn-secret.');
  const probe = await probeTurn({ host, port, username, credential, peers: PRIVATE, patienceMs: PATIENCE_MS });
  if (probe.kind !== 'relays') return notAnswered('turn', url, probe, port);
  if (probe.permitted.length > 0) {
    return hint(
      'turn',
      `${url} also relays to addresses inside networks (${probe.permitted.join(', ')}).`,
      'Unless that is wanted, deny them: coturnConfig writes such a configuration (docs/turn.md).',
    );
  }
  return ok('turn', `${url} relays, through ${socketName(probe.relay)}, and into no private network.`);
}

/** Whether it is there: what it relays is asked over UDP. */
async function checkOpens(url: string, { scheme, host, port }: IceTarget): Promise<Finding> {
  const options = { host, port, servername: host, timeout: PATIENCE_MS };
  const socket = scheme === 'turns' ? connectTls(options) : connect(options);
  socket.once('timeout', () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, scheme === 'turns' ? 'secureConnect' : 'connect');
    return ok('turn', `${url} can be connected to.`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return broken(
      'turn',
      `${url} cannot be connected to: ${reason}.`,
      `Open TCP port ${port} in the firewall, and see that coturn runs${scheme === 'turns' ? ' with a certificate for this name' : ''}.`,
    );
  } finally {
    socket.destroy();
  }
}

function notAnswered(check: 'stun' | 'turn', who: string, failure: ProbeFailure, port: number): Finding {
  if (failure.kind === 'silent')
    return broken(check, `${who} does not answer.`, `Open UDP port ${port} in the firewall, and see that it runs.`);
  const secrets =
    failure.code === 401 ? 'The secrets of Rockpool and coturn differ, or their clocks do.' : 'See its log.';
  return broken(check, `${who} refuses (${failure.code} ${failure.reason}).`, secrets);
}
