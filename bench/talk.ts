// The conversation: two logs that grew apart and are merged, what keys cost beside the bare algorithms, scrolling through a long
// conversation in the built app, and how soon something that was said is seen at the other end.
import { measureRounds, openBenchPage, wholeOption, type BenchmarkOptions, type BenchmarkResult } from './harness.ts';
import { diverged } from './talk/diverged.ts';
import { measureKeys, type KeyRatios, type KeyWork } from './talk/keys.ts';
import { mergeMachines } from './talk/machine.ts';
import { mergeProcesses } from './talk/merge.ts';
import { scrollFrames } from './talk/scroll.ts';
import { sendToShown } from './talk/send.ts';

export const about: string =
  'Merging logs, what keys cost, scrolling a long conversation, and from Enter to the other screen';
export const rounds = 3;
export const defaults: Record<string, string> = {
  only: 'all',
  entries: '10000',
  chars: '100',
  messages: '100000',
  seconds: '20',
  sends: '200',
  path: 'broadband',
  seed: '1',
};

const PARTS = ['merge', 'keys', 'scroll', 'send'] as const;
type Part = (typeof PARTS)[number];

const POOL = 'quiet-heron-cove-4821';
const KEY_TURNS = 9;
const KEY_EACH = 300;

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { only } = options.values;
  const parts = only === 'all' ? PARTS : PARTS.filter((part) => part === only);
  if (parts.length === 0) throw new RangeError(`--only: expected all, ${PARTS.join(', ')}, got ${only}`);
  const figures: Record<string, number> = {};
  for (const part of parts) {
    options.log(part);
    Object.assign(figures, (await measurePart(part, options)).figures);
  }
  return { rounds: options.rounds, figures };
}

function measurePart(part: Part, options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { values } = options;
  const chars = wholeOption(values['chars'], 'chars');
  switch (part) {
    case 'merge':
      return measureMerge(options, wholeOption(values['entries'], 'entries'), chars);
    case 'keys':
      return measureRatios(options, { turns: KEY_TURNS, each: KEY_EACH, textChars: chars });
    case 'scroll': {
      // Once: its figure is the worst of thousands of frames.
      const messages = wholeOption(values['messages'], 'messages');
      const seconds = wholeOption(values['seconds'], 'seconds');
      return measureRounds({ ...options, rounds: 1 }, () => scrollFrames({ messages, seconds }));
    }
    case 'send': {
      const sends = wholeOption(values['sends'], 'sends');
      const seed = wholeOption(values['seed'], 'seed');
      return measureRounds({ ...options, rounds: 1 }, () => sendToShown({ path: values['path'] ?? '', sends, seed }));
    }
  }
}

/** The logs are written once; every round merges copies. */
async function measureMerge(options: BenchmarkOptions, entries: number, chars: number): Promise<BenchmarkResult> {
  const apart = await diverged(POOL, Math.ceil(entries / 2), chars);
  const missingBytes = apart.missing.reduce((sum, { bytes }) => sum + bytes, 0);
  return measureRounds(options, async () => {
    const machine = await mergeMachines(apart);
    const merge = await mergeProcesses(apart);
    return {
      merge_ms: merge.ms,
      sync_overhead: merge.bytes / missingBytes,
      merge_cpu_ms: merge.cpuMs,
      merge_machine_ms: machine.ms,
      merge_machine_overhead: machine.bytes / missingBytes,
    };
  });
}

async function measureRatios(options: BenchmarkOptions, work: KeyWork): Promise<BenchmarkResult> {
  const open = await openBenchPage('talk');
  try {
    return await measureRounds(options, async () => ({
      ...named('', await measureKeys(work)),
      ...named('chromium_', await open.page.evaluate((asked) => measurePageKeys(asked), work)),
    }));
  } finally {
    await open.close();
  }
}

function named(prefix: string, ratios: KeyRatios): Record<string, number> {
  return {
    [`${prefix}sign_ratio`]: ratios.sign,
    [`${prefix}verify_ratio`]: ratios.verify,
    [`${prefix}seal_ratio`]: ratios.seal,
    [`${prefix}open_ratio`]: ratios.open,
    [`${prefix}sign_us`]: ratios.signUs,
    [`${prefix}verify_us`]: ratios.verifyUs,
    [`${prefix}seal_us`]: ratios.sealUs,
    [`${prefix}open_us`]: ratios.openUs,
  };
}
