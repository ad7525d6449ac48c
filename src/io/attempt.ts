// Calls what the application gave.

/** The application's mistake is not the pool's: it surfaces as an uncaught error, and everything goes on. True if none. */
export function attempt(call: () => void, silent: boolean = false): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (!silent) {
      queueMicrotask(() => {
        throw error;
      });
    }
    return false;
  }
}
