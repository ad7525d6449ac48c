// A second look at what is verified and stored: every chunk is read back from the disk and hashed once more.
import type { ShareContext } from './context.ts';
import type { Download } from './download.ts';
import type { RecheckView } from './views.ts';

export class Recheck {
  readonly #context: ShareContext;
  readonly #download: Download;
  readonly #told: () => void;
  readonly #startedAtMs: number;
  #toldAtMs: number;
  #next = 0;
  #running = 0;
  #doneBytes = 0;
  #wrongChunks = 0;
  #endedAtMs: number | undefined;

  /** `told` is called at the pace of progress, and once at the end. */
  constructor(context: ShareContext, download: Download, told: () => void) {
    this.#context = context;
    this.#download = download;
    this.#told = told;
    this.#startedAtMs = this.#toldAtMs = context.now();
    this.#go();
  }

  get view(): RecheckView {
    const untilMs = this.#endedAtMs ?? this.#context.now();
    return {
      doneBytes: this.#doneBytes,
      wrongChunks: this.#wrongChunks,
      done: this.#endedAtMs !== undefined,
      seconds: (untilMs - this.#startedAtMs) / 1000,
    };
  }

  #go(): void {
    const { file, digests } = this.#download;
    while (this.#running < this.#context.options.checksMax && this.#next < file.chunks) {
      const chunk = this.#next++;
      const sha256 = digests.get(chunk);
      if (sha256 === undefined) continue;
      this.#running++;
      this.#context.store({ op: 'check', key: file.key, chunk, sha256 }, (result) => {
        this.#running--;
        this.#doneBytes += this.#download.length(chunk);
        if (!result.ok || result.value !== true) this.#wrongChunks++;
        this.#go();
        this.#tell();
      });
    }
    if (this.#running === 0 && this.#next >= file.chunks) this.#endedAtMs ??= this.#context.now();
  }

  #tell(): void {
    const now = this.#context.now();
    if (this.#endedAtMs === undefined && now - this.#toldAtMs < this.#context.options.progressMs) return;
    this.#toldAtMs = now;
    this.#told();
  }
}
