// What the host knows of its window, whatever shows it. The providers are in windows/.

export type WindowKind = 'chromium' | 'webview' | 'browser';

export interface WindowOptions {
  /**
   * Where the app is, without anything secret: `http://127.0.0.1:PORT/`. It may still be on its way: a provider starts meanwhile, and
   * asks for `cookie` or `entry` only once it is known.
   */
  readonly origin: string | Promise<string>;
  /** The cookie that lets a page in (Loopback.cookie), for a provider that can set cookies before anything is loaded. */
  readonly cookie: () => { readonly name: string; readonly value: string };
  /**
   * An address with a one-time token, for a provider that can only be told an address. Others may read a process's command
   * line: it goes there only by way of a file that is this person's alone.
   */
  readonly entry: () => string;
  /** A folder of the data directory for what a provider keeps: a browser profile, the window's size and place. */
  readonly folder: string;
  /** After the origin: `#POOL`, or ''. */
  readonly fragment: string;
}

export interface Window {
  readonly kind: WindowKind;
  /** Brings it to the front, where the system lets a program do that. */
  focus(): Promise<void>;
  /** Shows this fragment (`#POOL`), and comes to the front. */
  show(fragment: string): Promise<void>;
  /** Where the files lie that were dropped on the page last; undefined where a provider cannot know. */
  readonly dropped: (() => Promise<readonly string[]>) | undefined;
  /** Resolves when the person has closed it, or it ended otherwise. A browser's tab never tells. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}
