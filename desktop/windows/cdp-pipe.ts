// The DevTools protocol over two pipes: JSON objects, each ended by a NUL. What is said is the caller's; here are ids, limits, and that
// nobody waits for an answer that cannot come any more.
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';

/** One message of the browser's. The largest we ask for names a few thousand objects. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** A browser that has not answered by then is stuck, or its page is. */
const ANSWER_MS_MAX = 15_000;

const Message = z.object({
  id: z.number().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  sessionId: z.string().optional(),
});

export interface CdpEvent {
  readonly method: string;
  readonly params: unknown;
  /** Of an attached target; undefined for the browser itself. */
  readonly session: string | undefined;
}

interface Waiting {
  readonly method: string;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class CdpPipe {
  readonly #input: Writable;
  readonly #output: Readable;
  #listener: (event: CdpEvent) => void = () => undefined;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #ended = false;

  /** `input`: what the browser reads (its descriptor 3); `output`: what it writes (its 4). */
  constructor(input: Writable, output: Readable) {
    this.#input = input;
    this.#output = output;
    output.on('data', (bytes: Buffer) => this.#read(bytes));
    for (const stream of [input, output]) {
      stream.on('error', () => this.end());
      stream.on('close', () => this.end());
    }
    output.on('end', () => this.end());
  }

  /** Hears every event from now on. */
  listen(listener: (event: CdpEvent) => void): void {
    this.#listener = listener;
  }

  /** The result, as `result` has it. Rejects if the browser refuses, does not answer in ANSWER_MS_MAX, or the pipe has ended. */
  call<T>(method: string, params: object, result: z.ZodType<T>, session?: string): Promise<T> {
    if (this.#ended) return Promise.reject(new Error(`${method}: the browser has ended`));
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${method}: the browser does not answer`));
      }, ANSWER_MS_MAX);
      this.#waiting.set(id, { method, timer, resolve, reject });
    });
    this.#input.write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
    return answered.then((answer) => result.parse(answer));
  }

  /** Ends both pipes, on which the browser ends too. All who wait are told. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pieces = [];
    for (const { method, timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error(`${method}: the browser has ended`));
    }
    this.#waiting.clear();
    this.#input.destroy();
    this.#output.destroy();
  }

  #read(bytes: Buffer): void {
    let from = 0;
    for (let to = bytes.indexOf(0); to >= 0 && !this.#ended; to = bytes.indexOf(0, from)) {
      const text = Buffer.concat([...this.#pieces, bytes.subarray(from, to)]).toString('utf8');
      this.#pieces = [];
      this.#bytes = 0;
      from = to + 1;
      this.#take(text);
    }
    if (this.#ended || from === bytes.length) return;
    this.#pieces.push(bytes.subarray(from));
    this.#bytes += bytes.length - from;
    if (this.#bytes > MESSAGE_BYTES_MAX) this.end();
  }

  #take(text: string): void {
    const message = parsed(text);
    if (message === undefined) return this.end();
    if (message.id === undefined) {
      if (message.method === undefined) return this.end();
      return this.#listener({ method: message.method, params: message.params, session: message.sessionId });
    }
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return; // It came after its time.
    this.#waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.error === undefined) waiting.resolve(message.result);
    else waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
  }
}

function parsed(text: string): z.infer<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(text));
  } catch {
    return undefined; // Not the protocol: whatever this is, it cannot be talked to.
  }
}
