// A worker's end of what requests.ts asks: one request in, one reply out; requests run beside each other.
import { failure } from './failure.ts';
import type { Reply, Request } from './messages.ts';

/** `buffersOf`: what of a result is handed over instead of copied. Whatever `perform` fails with becomes a StoreError. */
export function answerEach<Call, Result, Progress>(
  perform: (call: Call, tell: (progress: Progress) => void) => Promise<Result>,
  buffersOf: (value: Result) => ArrayBuffer[] = () => [],
): void {
  const answer = async ({ id, call }: Request<Call>): Promise<void> => {
    try {
      const value = await perform(call, (progress) => postMessage({ id, progress }));
      postMessage({ id, ok: true, value } satisfies Reply<Result>, buffersOf(value));
    } catch (error) {
      const { code, message } = failure('store-failed', 'The store failed', error);
      postMessage({ id, ok: false, code, message } satisfies Reply<Result>);
    }
  };
  addEventListener('message', (event: MessageEvent<Request<Call>>) => void answer(event.data));
}
