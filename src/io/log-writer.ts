// A log of records, one JSON object a line in a file, written off the hot path: a record is put into a buffer, and the disk
// is waited for elsewhere. Meant for one aggregated record a second, never a line for a datagram. Node only.
import { pino } from 'pino';

/** What aggregated records go into. */
export interface LogWriter {
  /** Takes a record: plain data that JSON can say. Never waits, never throws for what the disk does. */
  write(record: object): void;
  /** Resolves when everything that was taken is in the file, or cannot be. */
  close(): Promise<void>;
}

/** Records that wait for a disk that does not keep up, bytes; past it they are dropped. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** How long `close` waits for the disk. */
const CLOSE_MS = 2000;

/**
 * Appends to the file `path`, made if it is not there. Rejects with the system's error if it cannot be opened. `onError`
 * hears once that it could not be written later on; nothing more is written then.
 */
export async function openLog(path: string, onError: (error: Error) => void = () => {}): Promise<LogWriter> {
  const file = pino.destination({ dest: path, sync: false, append: true, maxLength: WAITING_BYTES_MAX });
  await new Promise<void>((resolve, reject) => {
    file.once('ready', resolve);
    file.once('error', reject);
  });
  let failed = false;
  file.on('error', (error: Error) => {
    if (!failed) onError(error);
    failed = true;
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      if (failed) return resolve();
      const late = setTimeout(resolve, CLOSE_MS);
      const done = (): void => {
        clearTimeout(late);
        resolve();
      };
      file.once('close', done);
      file.once('error', done);
      file.end();
    });
  return {
    write: (record) => {
      if (!failed && closing === undefined) file.write(`${JSON.stringify(record)}\n`);
    },
    close: () => (closing ??= close()),
  };
}
