// Certificate and key in files, read again when they change: whoever renews them need not restart the server. A pair that does
// not fit is not used: what served until now goes on.
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { FastifyBaseLogger } from 'fastify';

export interface TlsFiles {
  /** PEM: the certificate, and after it those that lead to a known authority. */
  readonly certificate: string;
  /** PEM, without a passphrase. */
  readonly key: string;
}

/** What node:tls makes a context of. */
export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface TlsOptions {
  readonly files: TlsFiles;
  readonly logger: FastifyBaseLogger;
  /** Between looks at the files, ms, default 5,000. By looking, for tools replace files, links and whole folders. */
  readonly watchMs?: number;
}

/** The files hold no certificate with its key. */
export class TlsFilesError extends Error {
  override readonly name = 'TlsFilesError';
}

export class TlsKeeper {
  readonly #options: TlsOptions;
  readonly #listener = (): void => void this.reload();
  #pair: TlsPair;
  #onRenewed: (pair: TlsPair) => void = () => {};

  private constructor(options: TlsOptions, pair: TlsPair) {
    this.#options = options;
    this.#pair = pair;
    const { files, watchMs = 5_000 } = options;
    for (const file of pathsOf(files)) watchFile(file, { interval: watchMs, persistent: false }, this.#listener);
  }

  /** Rejects with a TlsFilesError that names the files. */
  static async open(options: TlsOptions): Promise<TlsKeeper> {
    return new TlsKeeper(options, await readPair(options.files));
  }

  get pair(): TlsPair {
    return this.#pair;
  }

  /** Hears of every new pair. */
  set onRenewed(listener: (pair: TlsPair) => void) {
    this.#onRenewed = listener;
  }

  /** Reads both files anew. Never rejects: what cannot be used is logged, and what was in use stays. */
  async reload(): Promise<void> {
    const { files, logger } = this.#options;
    try {
      const pair = await readPair(files);
      if (pair.cert.equals(this.#pair.cert) && pair.key.equals(this.#pair.key)) return;
      this.#pair = pair;
      this.#onRenewed(pair);
      logger.info('the TLS certificate was renewed');
    } catch (error) {
      // One of the two may have been written before the other.
      logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'the TLS files were not taken');
    }
  }

  close(): void {
    for (const file of pathsOf(this.#options.files)) unwatchFile(file, this.#listener);
  }
}

const pathsOf = ({ certificate, key }: TlsFiles): readonly string[] => [certificate, key];

async function readPair(files: TlsFiles): Promise<TlsPair> {
  try {
    const [cert, key] = await Promise.all([readFile(files.certificate), readFile(files.key)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TlsFilesError(`${files.certificate} and ${files.key} are no certificate with its key: ${reason}`, {
      cause,
    });
  }
}
