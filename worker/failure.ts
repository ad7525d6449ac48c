// How what browsers throw becomes a StoreError.
import { StoreError, type StoreErrorCode } from '../src/io/store.ts';

/** `error` as a StoreError: what it is already, `no-space` if the quota is used up, else `code` with `message`. */
export function failure(code: StoreErrorCode, message: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const name = error instanceof Error ? error.name : '';
  const cause = name === '' ? '' : ` (${name})`;
  return new StoreError(name === 'QuotaExceededError' ? 'no-space' : code, message + cause, { cause: error });
}
