// Runs in a page of the app, sent there alone: it watches the conversation, so that the way to the browser is in no figure.

/** The moment at which the conversation with `message` in it has been painted, ms since 1970. Rejects after `waitMs`. */
export function messageShown({
  message,
  waitMs,
}: {
  readonly message: string;
  readonly waitMs: number;
}): Promise<number> {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('the message did not come')), waitMs);
    const look = (): void => {
      const log = document.querySelector('[role="log"][aria-label="Conversation"]');
      if (!log?.textContent.includes(message)) return;
      observer.disconnect();
      // A task after the next frame begins comes after that frame's painting.
      requestAnimationFrame(() => {
        setTimeout(() => resolve(Date.now()));
      });
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    look();
  });
}
