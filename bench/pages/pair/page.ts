// An end of a measured pair in a page: the client as the app builds it, and a bare RTCPeerConnection to compare it with.
import { PoolClient } from '../../../src/client.ts';
import { generateDeviceKeys } from '../../../src/keys/identity.ts';
import { browserTransport } from '../../../src/io/link-browser.ts';
import { WorkerStore } from '../../../worker/store-worker.ts';
import { registrarAt, throughRelay } from '../../relay/candidates.ts';
import { PoolHalf, RAW_MESSAGE_BYTES, type PairEnd, type RawCandidate } from './end.ts';
import { WatchedStore } from './watched-store.ts';

/** The raw sender keeps the channel's queue between these, bytes: never empty, and never a long wait in one task. */
const RAW_BUFFERED_MAX = 1024 * 1024;
const RAW_BUFFERED_LOW = 256 * 1024;

declare global {
  var pairEnd: PairEnd;
  /** The tasks of the page's thread that took 50 ms or longer, since the list was emptied, on the page's clock, ms. */
  var longTasks: { readonly atMs: number; readonly ms: number }[];
  /** Given by whoever opened the page (bench/pair/ends.ts). */
  var tellNews: ((news: number) => void) | undefined;
}

let pool: PoolHalf<File> | undefined;
let connection: RTCPeerConnection | undefined;
let channel: Promise<RTCDataChannel> | undefined;
/** Own ones, of the end that makes the offer. */
const candidates: RawCandidate[] = [];

globalThis.longTasks = [];
new PerformanceObserver((list) => {
  for (const { startTime: atMs, duration: ms } of list.getEntries()) globalThis.longTasks.push({ atMs, ms });
}).observe({ type: 'longtask' });

globalThis.pairEnd = {
  async join({ server, pool: code, name, relay, tells = false }) {
    const store = new WorkerStore();
    pool = new PoolHalf(
      new PoolClient<File>({
        server,
        name,
        device: 'browser',
        keys: await generateDeviceKeys(false),
        platform: {
          transport: relay === undefined ? browserTransport : throughRelay(browserTransport, registrarAt(relay)),
          store: tells ? new WatchedStore(store, (bytes) => globalThis.tellNews?.(bytes)) : store,
          webSocket: (url) => new WebSocket(url),
        },
      }),
    );
    return pool.join(code);
  },
  meet: (others) => there(pool).meet(others),
  offer: (input) => there(pool).offer(pickedFile(input)),
  receive: (bytes) => there(pool).receive(bytes),
  firstChunk: () => there(pool).firstChunk(),
  controlSend: async () => there(pool).controlSend(),
  controlAges: async () => there(pool).controlAges(),

  async rawOffer() {
    const offerer = new RTCPeerConnection();
    connection = offerer;
    channel = opened(offerer.createDataChannel('raw', { ordered: true }));
    offerer.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null || candidate.candidate === '') return;
      candidates.push({ candidate: candidate.candidate, mid: candidate.sdpMid ?? '0' });
    });
    const { sdp } = await offerer.createOffer();
    await offerer.setLocalDescription();
    return there(sdp);
  },
  async rawAnswer(sdp) {
    const answerer = new RTCPeerConnection();
    connection = answerer;
    channel = new Promise((resolve) => {
      answerer.addEventListener('datachannel', (event) => resolve(opened(event.channel)));
    });
    await answerer.setRemoteDescription({ type: 'offer', sdp });
    await answerer.setLocalDescription();
    await gathered(answerer);
    return there(answerer.localDescription?.sdp);
  },
  async rawAccept(sdp) {
    const offerer = there(connection);
    await offerer.setRemoteDescription({ type: 'answer', sdp });
    await gathered(offerer);
    return candidates;
  },
  async rawConnect(candidates) {
    for (const { candidate, mid } of candidates) {
      await there(connection).addIceCandidate({ candidate, sdpMid: mid });
    }
    await channel;
  },
  async rawSend(bytes) {
    const open = await there(channel);
    const message = crypto.getRandomValues(new Uint8Array(RAW_MESSAGE_BYTES));
    const sent = new AbortController();
    let left = bytes;
    const fill = (): void => {
      for (; left > 0 && open.bufferedAmount < RAW_BUFFERED_MAX; left -= message.length) open.send(message);
      if (left <= 0) sent.abort();
    };
    open.bufferedAmountLowThreshold = RAW_BUFFERED_LOW;
    open.addEventListener('bufferedamountlow', fill, { signal: sent.signal });
    open.addEventListener('message', fill, { once: true });
  },
  async rawReceive({ bytes, withinMs }) {
    const open = await there(channel);
    return new Promise((resolve) => {
      const counted = new AbortController();
      let left = bytes;
      const end = (): void => {
        resolve({ bytes: bytes - left, ms: performance.now() - askedMs });
        counted.abort();
      };
      const count = ({ data }: MessageEvent<ArrayBuffer>): void => {
        left -= data.byteLength;
        if (left <= 0) end();
      };
      open.addEventListener('message', count, { signal: counted.signal });
      if (withinMs !== undefined) setTimeout(end, withinMs);
      const askedMs = performance.now();
      open.send(new Uint8Array(1));
    });
  },
};

/** `thing`, which an earlier question made. */
function there<T>(thing: T | undefined): T {
  if (thing === undefined) throw new Error('asked out of order');
  return thing;
}

function pickedFile(input: string): File {
  return there(document.querySelector<HTMLInputElement>(`#${input}`)?.files?.[0]);
}

function opened(made: RTCDataChannel): Promise<RTCDataChannel> {
  made.binaryType = 'arraybuffer';
  return new Promise((resolve) => {
    if (made.readyState === 'open') resolve(made);
    else made.addEventListener('open', () => resolve(made));
  });
}

function gathered(gatherer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (gatherer.iceGatheringState === 'complete') resolve();
    };
    gatherer.addEventListener('icegatheringstatechange', look);
    look();
  });
}
