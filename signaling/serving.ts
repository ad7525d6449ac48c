// What `rockpool serve` runs, put together from its settings: the server, and beside it STUN, credentials for TURN, session
// hooks over HTTP, metrics and the log. What the settings are: options.ts.
import type { DestinationStream } from 'pino';
import type { FastifyPluginAsync } from 'fastify';
import type { AccountsOptions } from './accounts/accounts.ts';
import { openHooks, type SessionHooks, type Subject } from './hooks.ts';
import type { Present } from './hub-ports.ts';
import { httpHooks } from './hooks-http.ts';
import { openServerLog } from './log.ts';
import type { ServeSettings } from './options.ts';
import { startServer, type RunningServer, type ServerOptions } from './server.ts';
import type { DatabasePlace } from './store/database.ts';
import { startStun } from './stun/stun-server.ts';
import { iceServersFor } from './turn.ts';

export interface ServingOptions {
  /** Folder of the built app. */
  readonly webRoot?: string;
  readonly logTo: DestinationStream;
}

export interface Serving {
  /** Of the app as people open it, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Of the metrics, if there are any. */
  readonly metricsUrl?: string;
  readonly stunPort?: number;
  /** Reads the TLS files anew; undefined: there are none. Never rejects. */
  readonly reload?: () => Promise<void>;
  /** Sends everyone away, each with a time to come back, and stops. */
  drain(): Promise<void>;
  /** Stops at once. */
  close(): Promise<void>;
}

/** Between lines of counts in the log. */
const MINUTE_MS = 60_000;

/** Rejects as `startServer`, and with what was begun closed again. */
export async function startServing(settings: ServeSettings, { webRoot, logTo }: ServingOptions): Promise<Serving> {
  const { logger, minute } = openServerLog(settings.logLevel, logTo);
  const closers: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close();
  };
  try {
    const stun =
      settings.stunPort === 0 ? undefined : await startStun({ host: settings.stunHost, port: settings.stunPort });
    if (stun !== undefined) closers.push(() => stun.close());
    let server: RunningServer | undefined = undefined;
    const revoke = (subject: Subject): void => server?.revoke(subject);
    const trouble = (problem: string): void => logger.warn({ error: problem }, 'the session hooks failed');
    const presentIn = async (pool: string): Promise<readonly Present[]> => (await server?.presentIn(pool)) ?? [];
    const { hooks, routes } = await hooksOf(settings, { revoke, presentIn, trouble, closers });
    server = await startServer({
      ...serverOptions(settings),
      ...(webRoot !== undefined && { webRoot }),
      hooks,
      routes: async (app) => void (await app.register(routes, { prefix: '/api' })),
      ...(stun !== undefined && { onCandidate: (device: string, candidate: string) => stun.claim(device, candidate) }),
      logger,
    });
    closers.push(() => server.close());
    const metrics =
      settings.metricsPort === 0
        ? undefined
        : await (
            await import('./metrics.ts')
          ).startMetrics({
            host: settings.metricsHost,
            port: settings.metricsPort,
            hub: () => server.figures(),
            bus: server.busFigures,
            stun: stun && (() => stun.figures()),
          });
    if (metrics !== undefined) closers.push(() => metrics.close());
    const timer = setInterval(() => minute(server.figures()), MINUTE_MS).unref();
    closers.push(() => {
      clearInterval(timer);
      minute(server.figures());
    });
    return {
      url: settings.publicUrl ?? server.url,
      port: server.port,
      ...(metrics !== undefined && { metricsUrl: metrics.url }),
      ...(stun !== undefined && { stunPort: stun.port }),
      ...(settings.tlsCert !== undefined && { reload: () => server.reloadTls() }),
      drain: async () => {
        await server.drain(settings.drainSeconds * 1000);
        await (closing ??= closeAll());
      },
      close: () => (closing ??= closeAll()),
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function serverOptions(settings: ServeSettings): ServerOptions {
  const { host, port, basePath, trustProxy, allowedOrigins, tlsCert, tlsKey, bus } = settings;
  const { maxSockets, maxAddressSockets, maxPoolMembers, joinsPerSecond, awaySeconds } = settings;
  return {
    host,
    port,
    basePath,
    proxyHops: trustProxy,
    iceServers: iceServersOf(settings),
    ...(allowedOrigins !== undefined && { allowedOrigins }),
    ...(tlsCert !== undefined && tlsKey !== undefined && { tls: { certificate: tlsCert, key: tlsKey } }),
    ...(bus !== undefined && { bus: { url: bus } }),
    limits: {
      socketsMax: maxSockets,
      // Each pool has somebody in it, or somebody who may come back.
      poolsMax: maxSockets,
      awayMax: maxSockets,
      addressSocketsMax: maxAddressSockets,
      // All of one address come back at once after a restart.
      addressBurst: maxAddressSockets,
      poolMembersMax: maxPoolMembers,
      joinsPerSecond,
      resumeMs: awaySeconds * 1000,
    },
  };
}

function iceServersOf({ stunPort, publicUrl, turnUrls, turnSecret }: ServeSettings): ReturnType<typeof iceServersFor> {
  const stunHost = stunPort === 0 || publicUrl === undefined ? undefined : new URL(publicUrl).hostname;
  return iceServersFor({
    ...(stunHost !== undefined && { stunUrls: [`stun:${stunHost}:${stunPort}`] }),
    ...(turnUrls !== undefined && turnSecret !== undefined && { turn: { urls: turnUrls, secret: turnSecret } }),
  });
}

interface HooksParts {
  readonly revoke: (subject: Subject) => void;
  readonly presentIn: AccountsOptions['presentIn'];
  readonly trouble: (problem: string) => void;
  readonly closers: (() => Promise<void> | void)[];
}

/** Somebody else's, or those of accounts of its own where there is a place to keep them, or none. */
async function hooksOf(
  settings: ServeSettings,
  { revoke, presentIn, trouble, closers }: HooksParts,
): Promise<{ readonly hooks: SessionHooks; readonly routes: FastifyPluginAsync }> {
  const { hooksUrl, hooksBearer, allowedOrigins, trustProxy, guests, operators } = settings;
  if (hooksUrl !== undefined && hooksBearer !== undefined) {
    return { hooks: httpHooks({ url: hooksUrl, bearer: hooksBearer, onTrouble: trouble }), routes: withoutAccounts };
  }
  const place = placeOf(settings);
  if (place === undefined) return { hooks: openHooks, routes: withoutAccounts };
  // Half of all that a server would load: only where it is used.
  const [{ openDatabase }, { openAccounts }] = await Promise.all([
    import('./store/database.ts'),
    import('./accounts/accounts.ts'),
  ]);
  const database = await openDatabase(place);
  closers.push(() => database.close());
  const accounts = await openAccounts({
    database,
    revoke,
    presentIn,
    proxyHops: trustProxy,
    guests: guests === 'on',
    onTrouble: trouble,
    ...(allowedOrigins !== undefined && { origins: allowedOrigins }),
    ...(operators !== undefined && { operators }),
  });
  closers.push(() => accounts.close());
  return accounts;
}

/** What a server without accounts says under their prefix. */
const withoutAccounts: FastifyPluginAsync = async (app) => {
  app.get('/about', () => ({ accounts: false, guests: true, reports: false }));
};

function placeOf({ data, database }: ServeSettings): DatabasePlace | undefined {
  if (database !== undefined) return { url: database };
  return data === undefined ? undefined : { dataDir: data };
}
