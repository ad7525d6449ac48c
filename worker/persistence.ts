// Asks the browser, from the page, because a worker cannot, not to clear what is kept when its disk is full.

let asked = false;

/** Asks once. Where it refuses, everything is kept all the same, as long as it lasts. */
export function askToPersist(): void {
  if (asked) return;
  asked = true;
  navigator.storage?.persist().catch(() => undefined);
}
