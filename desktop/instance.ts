// One host a data directory. The first holds a lock there and listens on a private socket; whoever starts another one hands its wish
// over, and ends. What the lock of a killed host guards is taken over.
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, rm, utimes } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf } from '../src/io/final-name.ts';
import { LOCK_QUIET_MS, releaseLock, takeLock } from '../src/io/lock-file.ts';
import { HostError } from '../src/remote/host-face.ts';

/** What a start asks for. */
export interface Wish {
  /** To be shown: a pool's link, or its code. */
  readonly link?: string | undefined;
  readonly server?: string | undefined;
  readonly name?: string | undefined;
  readonly into?: string | undefined;
}

/** What came of a wish: a line for the person, and whether that is bad news. */
export interface Answer {
  readonly done: boolean;
  readonly text?: string | undefined;
}

export interface Instance {
  release(): Promise<void>;
}

export type Claimed =
  { readonly kind: 'first'; readonly instance: Instance } | { readonly kind: 'handed-over'; readonly answer: Answer };

export interface InstanceOptions {
  /** The data directory; made if it is not there. */
  readonly data: string;
  readonly env: NodeJS.ProcessEnv;
  /** Of this start, if another host is to follow it. */
  readonly wish: Wish;
  /** Another start wants this. Never rejects. */
  readonly onWish: (wish: Wish) => Promise<Answer>;
}

const WISH = z.object({
  link: z.string().optional(),
  server: z.string().optional(),
  name: z.string().optional(),
  into: z.string().optional(),
});
const ANSWER = z.object({ done: z.boolean(), text: z.string().optional() });

/** The host that holds the lock may still be starting, or ending. */
const ANSWER_MS_MAX = 15_000;
const AGAIN_MS = 50;
/** Of a wish or its answer, bytes: a link has 2,048 and a path 4,096 at most. */
const MESSAGE_BYTES_MAX = 32 * 1024;
/** Starts that are heard at a time. */
const STARTS_MAX = 16;
/** A socket's path with its end, bytes, where it is shortest (sun_path of macOS). */
const SOCKET_PATH_BYTES_MAX = 103;
const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

/** Rejects with a HostError: `store-failed` if the directory cannot be used, `gone` if the other host does not answer. */
export async function claimInstance({ data, env, wish, onWish }: InstanceOptions): Promise<Claimed> {
  const lock = join(data, 'host.lock');
  const deadline = Date.now() + ANSWER_MS_MAX;
  try {
    await mkdir(data, { recursive: true, mode: FOLDER_MODE });
    const place = await socketPlace(data, env);
    while (!(await takeLock(lock))) {
      const answer = await handOver(place, wish, deadline);
      if (answer !== undefined) return { kind: 'handed-over', answer };
      if (Date.now() > deadline) throw new HostError('gone', 'Rockpool runs already, and does not answer.');
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    try {
      return { kind: 'first', instance: await listen(lock, place, onWish) };
    } catch (error) {
      await releaseLock(lock);
      throw error;
    }
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('store-failed', `${data} cannot be used (${codeOf(error)})`, { cause: error });
  }
}

/** Where the host of `data` listens: a name of Windows', or a path in a folder that is this person's alone. */
async function socketPlace(data: string, env: NodeJS.ProcessEnv): Promise<string> {
  const name = createHash('sha256').update(data).digest('hex').slice(0, 32);
  if (process.platform === 'win32') return `\\\\.\\pipe\\rockpool-${name}`;
  const near = join(data, 'host.sock');
  if (isShort(near)) return near;
  const runtime = env['XDG_RUNTIME_DIR'];
  const folders = [
    ...(runtime === undefined ? [] : [join(runtime, 'rockpool')]),
    join(tmpdir(), `rockpool-${owner()}`),
  ];
  const folder = folders.find((each) => isShort(join(each, name))) ?? join('/tmp', `rockpool-${owner()}`);
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  // Anybody may have made it, where everybody may make folders.
  const { uid, mode } = await lstat(folder).then((facts) => {
    if (!facts.isDirectory()) throw new HostError('store-failed', `${folder} is not a folder.`);
    return facts;
  });
  if (uid !== owner() || (mode & OTHERS) !== 0) {
    throw new HostError('store-failed', `Others than you may use ${folder}. Remove it, or name a shorter --data.`);
  }
  return join(folder, name);
}

const isShort = (path: string): boolean => Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX;
const owner = (): number => process.getuid?.() ?? 0;

async function listen(lock: string, place: string, onWish: InstanceOptions['onWish']): Promise<Instance> {
  const server = createServer({ allowHalfOpen: true }, (socket) => void follow(socket, onWish));
  server.maxConnections = STARTS_MAX;
  if (process.platform !== 'win32') await rm(place, { force: true });
  await listening(server, place);
  // Its folder keeps others out on every system; this does on most.
  if (process.platform !== 'win32') await chmod(place, 0o600);
  // Another machine that shares the directory sees no processes here: it goes by when the lock was touched.
  const touching = setInterval(() => {
    const now = new Date();
    void utimes(lock, now, now).catch(() => undefined);
  }, LOCK_QUIET_MS / 3);
  touching.unref();
  return {
    release: async () => {
      clearInterval(touching);
      // It removes the socket as well.
      await new Promise((resolve) => server.close(resolve));
      await releaseLock(lock);
    },
  };
}

function listening(server: Server, place: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(place, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function follow(socket: Socket, onWish: InstanceOptions['onWish']): Promise<void> {
  socket.on('error', () => undefined);
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy());
  const wish = WISH.safeParse(await read(socket));
  if (!wish.success) return void socket.destroy();
  const answer = await onWish(wish.data);
  socket.end(JSON.stringify(answer));
}

/** Undefined if nobody listens there, or whoever does says nothing of use. */
async function handOver(place: string, wish: Wish, deadline: number): Promise<Answer | undefined> {
  // A link may invite: nobody else is to hear it.
  if (process.platform !== 'win32') {
    const facts = await lstat(place).catch(() => undefined);
    if (facts === undefined || facts.uid !== owner()) return undefined;
  }
  const socket = connect({ path: place, allowHalfOpen: true });
  socket.setTimeout(Math.max(1, deadline - Date.now()), () => socket.destroy());
  socket.on('error', () => undefined);
  socket.end(JSON.stringify(wish));
  const answer = ANSWER.safeParse(await read(socket));
  return answer.success ? answer.data : undefined;
}

/** The JSON that comes until the other side ends; undefined if there is none, or too much. */
function read(socket: Socket): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  // Not by iterating over it: that would end the other direction as well.
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    bytes += part.length;
    if (bytes > MESSAGE_BYTES_MAX) socket.destroy();
  });
  return new Promise((resolve) => {
    socket.once('close', () => resolve(undefined));
    socket.once('end', () => {
      try {
        resolve(JSON.parse(Buffer.concat(parts).toString()));
      } catch {
        resolve(undefined);
      }
    });
  });
}
