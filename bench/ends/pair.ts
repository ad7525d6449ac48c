// An end of a measured pair in a process of its own: the client as the terminal peer builds it, and a bare channel of
// node-datachannel to compare it with.
import { randomBytes } from 'node:crypto';
import { PeerConnection, type DataChannel } from 'node-datachannel';
import { WebSocket as NodeWebSocket } from 'ws';
import { PoolClient } from '../../src/client.ts';
import { generateDeviceKeys } from '../../src/keys/identity.ts';
import { nodeTransport } from '../../src/io/link-node.ts';
import { FileStore } from '../../src/io/store-files.ts';
import { serveEnd } from '../harness.ts';
import { PoolHalf, RAW_MESSAGE_BYTES, type RawCandidate } from '../pages/pair/end.ts';
import { WatchedStore } from '../pages/pair/watched-store.ts';
import type { ProcessEnd } from '../pair/ends.ts';
import { RssPeak } from '../pair/rss-peak.ts';
import { receiveTar, sendTar } from '../pair/tar-channel.ts';
import { RAW_BUFFERED_LOW, RAW_BUFFERED_MAX } from '../pair/tar-channel.ts';
import { registrarAt, throughRelay } from '../relay/candidates.ts';

/** As in link-node.ts: candidates that come any sooner break one connection in twenty. */
const CANDIDATE_HOLD_MS = 20;

/** Made when it is first asked for: it takes time that other benchmarks measure. */
let rss: RssPeak | undefined;
let pool: PoolHalf<string> | undefined;
let connection: PeerConnection | undefined;
let channel: Promise<DataChannel> | undefined;
/** Own ones, of the end that makes the offer. */
const candidates: RawCandidate[] = [];

const end: ProcessEnd = {
  async join({ server, pool: code, name, into, relay, tells = false }) {
    const store = new FileStore({ into });
    pool = new PoolHalf(
      new PoolClient<string>({
        server,
        name,
        device: 'terminal',
        keys: await generateDeviceKeys(false),
        platform: {
          transport: relay === undefined ? nodeTransport : throughRelay(nodeTransport, registrarAt(relay)),
          store: tells ? new WatchedStore(store, tell) : store,
          // The backhaul uses only what `ws` shares with the browser's class; their types differ in the rest.
          webSocket: (url) => new NodeWebSocket(url) as unknown as WebSocket,
        },
      }),
    );
    return pool.join(code);
  },
  meet: (others) => there(pool).meet(others),
  offer: (path) => there(pool).offer(path),
  receive: (bytes) => there(pool).receive(bytes),
  firstChunk: () => there(pool).firstChunk(),
  controlSend: async () => there(pool).controlSend(),
  controlAges: async () => there(pool).controlAges(),

  rawOffer: () =>
    new Promise((resolve) => {
      const offerer = new PeerConnection('raw', { iceServers: [] });
      connection = offerer;
      offerer.onLocalDescription((sdp) => resolve(sdp));
      offerer.onLocalCandidate((candidate, mid) => candidates.push({ candidate, mid }));
      channel = opened(offerer.createDataChannel('raw'));
    }),
  async rawAnswer(sdp) {
    const answerer = new PeerConnection('raw', { iceServers: [] });
    connection = answerer;
    channel = new Promise((resolve) => {
      answerer.onDataChannel((made) => resolve(opened(made)));
    });
    const whole = gathered(answerer);
    answerer.setRemoteDescription(sdp, 'offer');
    await whole;
    return there(answerer.localDescription()?.sdp);
  },
  async rawAccept(sdp) {
    there(connection).setRemoteDescription(sdp, 'answer');
    await new Promise((resolve) => setTimeout(resolve, CANDIDATE_HOLD_MS));
    return candidates;
  },
  async rawConnect(remote) {
    for (const { candidate, mid } of remote) there(connection).addRemoteCandidate(candidate, mid);
    await channel;
  },
  async rawSend(bytes) {
    const open = await there(channel);
    const message = randomBytes(RAW_MESSAGE_BYTES);
    let left = bytes;
    const fill = (): void => {
      for (; left > 0 && open.bufferedAmount() < RAW_BUFFERED_MAX; left -= message.length) {
        open.sendMessageBinary(message);
      }
    };
    open.setBufferedAmountLowThreshold(RAW_BUFFERED_LOW);
    open.onBufferedAmountLow(fill);
    open.onMessage(fill);
  },
  async rawReceive({ bytes, withinMs }) {
    const open = await there(channel);
    return new Promise((resolve) => {
      let left = bytes;
      const end = (): void => resolve({ bytes: bytes - left, ms: performance.now() - askedMs });
      open.onMessage((message) => {
        left -= typeof message === 'string' ? 0 : message.byteLength;
        if (left <= 0) end();
      });
      if (withinMs !== undefined) setTimeout(end, withinMs);
      const askedMs = performance.now();
      open.sendMessageBinary(Buffer.alloc(1));
    });
  },

  rawTarSend: async (directory) => sendTar(await there(channel), directory),
  rawTarReceive: async (into) => receiveTar(await there(channel), into),
  rssPeak: async () => (rss ??= new RssPeak()).take(),
};
const tell: (news: unknown) => void = serveEnd(end as unknown as Parameters<typeof serveEnd>[0]);

/** `thing`, which an earlier question made. */
function there<T>(thing: T | undefined): T {
  if (thing === undefined) throw new Error('asked out of order');
  return thing;
}

/** `made` once it is open; it must be held, because a channel closes when its wrapper is collected. */
function opened(made: DataChannel): Promise<DataChannel> {
  return new Promise((resolve) => {
    if (made.isOpen()) resolve(made);
    else made.onOpen(() => resolve(made));
  });
}

function gathered(gatherer: PeerConnection): Promise<void> {
  return new Promise((resolve) => {
    gatherer.onGatheringStateChange((state) => {
      if (state === 'complete') resolve();
    });
  });
}
