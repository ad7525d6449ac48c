// The page's end of a worker: requests matched with replies by id, and what becomes of them when the worker fails.
// answers.ts is the other end.
import { StoreError } from '../src/io/store.ts';
import type { Reply, Request } from './messages.ts';

export interface RequestExtras<Progress> {
  readonly transfer?: Transferable[];
  readonly progress?: (so: Progress) => void;
}

interface Pending<Result, Progress> {
  // Methods, so that each call's own, narrower resolve fits: the worker answers a call only with that call's result.
  resolve(value: Result): void;
  reject(error: StoreError): void;
  progress(so: Progress): void;
}

/** `Results`: what each call resolves to, by its kind. */
export class Requests<
  Call extends { readonly kind: string },
  Results extends Readonly<Record<Call['kind'], unknown>>,
  Progress = never,
> {
  readonly #worker: Worker;
  readonly #pending: Map<number, Pending<Results[Call['kind']], Progress>> = new Map();
  #lastId = 0;
  /** Why nothing can be asked any more. */
  #ended: StoreError | undefined;

  /** `worker` is this object's own from now on. */
  constructor(worker: Worker) {
    this.#worker = worker;
    type Message = Reply<Results[Call['kind']]> | { readonly id: number; readonly progress: Progress };
    worker.addEventListener('message', (event: MessageEvent<Message>) => {
      if ('progress' in event.data) this.#pending.get(event.data.id)?.progress(event.data.progress);
      else this.#settle(event.data);
    });
    worker.addEventListener('error', (event) => {
      this.#end(new StoreError('store-failed', `The store's worker failed: ${event.message || 'it could not start'}`));
    });
    worker.addEventListener('messageerror', () => {
      this.#end(new StoreError('store-failed', "The store's worker sent what cannot be read"));
    });
  }

  /** Rejects with a StoreError. */
  ask<Kind extends Call['kind']>(
    call: Call & { readonly kind: Kind },
    { transfer = [], progress = () => undefined }: RequestExtras<Progress> = {},
  ): Promise<Results[Kind]> {
    return new Promise<Results[Kind]>((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#lastId += 1;
      const request: Request<Call> = { id: this.#lastId, call };
      try {
        this.#worker.postMessage(request, transfer);
      } catch (error) {
        return reject(new StoreError('store-failed', 'The bytes cannot be handed to the store', { cause: error }));
      }
      const settle = (value: Results[Kind]): void => resolve(value);
      this.#pending.set(request.id, { resolve: settle, reject, progress });
    });
  }

  /** Asks that as the last thing; after it the worker is gone. Done twice, nothing happens. */
  async close(call: Call): Promise<void> {
    if (this.#ended !== undefined) return;
    try {
      await this.ask(call);
    } finally {
      this.#end(new StoreError('store-failed', 'The store is closed'));
    }
  }

  #settle(reply: Reply<Results[Call['kind']]>): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.ok) pending?.resolve(reply.value);
    else pending?.reject(new StoreError(reply.code, reply.message));
  }

  #end(error: StoreError): void {
    this.#ended ??= error;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
