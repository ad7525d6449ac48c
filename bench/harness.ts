// What benchmarks share: the shape of one, rounds and medians, a second process, and Chromium on a built page.
// A benchmark is bench/NAME.ts, which exports what `Benchmark` says; bench/run.mjs builds and runs it. See README.md.

import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../test/support/chromium.ts';
import { serveStatic } from '../test/support/static-server.ts';

export interface BenchmarkOptions {
  /** How often to measure everything; at least 1. */
  readonly rounds: number;
  /** The benchmark's `defaults`, overlaid with what `--key value` said on the command line. */
  readonly values: Readonly<Record<string, string>>;
  /** Tells a person how it goes. Never part of the result. */
  readonly log: (line: string) => void;
}

export interface BenchmarkResult {
  /** Rounds that were measured. */
  readonly rounds: number;
  /** snake_case name that ends in its unit -> median over the rounds, finite. */
  readonly figures: Readonly<Record<string, number>>;
}

/** What a module bench/NAME.ts exports. */
export interface Benchmark {
  /** One line for the list of names. */
  readonly about: string;
  /** Rounds unless `--rounds` says otherwise; 3 if absent. */
  readonly rounds?: number;
  /** Every further option the benchmark takes, and its value unless told. */
  readonly defaults?: Readonly<Record<string, string>>;
  readonly run: (options: BenchmarkOptions) => Promise<BenchmarkResult>;
}

/** The middle value, or the mean of the middle two. Throws a RangeError if there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('median: expected at least one value, got none');
  return (lower + upper) / 2;
}

/** Megabits per second of `bytes` moved in `ms`. */
export function mbitPerSecond(bytes: number, ms: number): number {
  return (bytes * 8) / 1000 / ms;
}

/** `--NAME` (`--mib` unless told) as a whole number above 0. Throws RangeError. */
export function wholeOption(given: string | undefined, name = 'mib'): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${name}: expected 1 or more, got ${given}`);
  return value;
}

/** Measures `rounds` times and gives the median of every figure. `round` counts from 0. */
export async function measureRounds(
  { rounds, log }: BenchmarkOptions,
  measure: (round: number) => Promise<Readonly<Record<string, number>>>,
): Promise<BenchmarkResult> {
  const seen = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    const figures = Object.entries(await measure(round));
    for (const [name, value] of figures) seen.set(name, [...(seen.get(name) ?? []), value]);
    log(`round ${round + 1}/${rounds}: ${figures.map(([name, value]) => `${name} ${value.toFixed(1)}`).join(', ')}`);
  }
  return { rounds, figures: Object.fromEntries([...seen].map(([name, values]) => [name, median(values)])) };
}

/**
 * Runs the contenders one after the other, in reverse order every second round, so that none always runs on the warmer
 * or the busier machine. The results keep the order of `contenders`.
 */
export async function inTurn<T>(round: number, contenders: readonly (() => Promise<T>)[]): Promise<T[]> {
  const order = [...contenders.entries()];
  if (round % 2 === 1) order.reverse();
  const results: { index: number; value: T }[] = [];
  for (const [index, contender] of order) results.push({ index, value: await contender() });
  return results.sort((a, b) => a.index - b.index).map(({ value }) => value);
}

/** Another process that runs bench/ends/NAME.ts and answers by name what it was asked. */
export interface End {
  /** Resolves to the answer; rejects with the end's error, or when it dies. `argument` is cloned structurally. */
  ask(question: string, argument?: unknown): Promise<unknown>;
  /** Something the end told of its own accord, as it comes. */
  onTold(listener: (news: unknown) => void): void;
  close(): Promise<void>;
}

interface Question {
  readonly id: number;
  readonly question: string;
  readonly argument: unknown;
}

type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
  | { news: unknown };

/** Starts bench/ends/`name`.ts in a process of its own; it must call `serveEnd`. */
export function startEnd(name: string): End {
  const child: ChildProcess = fork(join(process.cwd(), 'dist/bench/ends', `${name}.js`), { serialization: 'advanced' });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const listeners: ((news: unknown) => void)[] = [];
  let lastId = 0;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`${name} ended with ${signal ?? code}`));
      waiting.clear();
      resolve();
    });
  });
  child.on('message', (answer: Answer) => {
    if ('news' in answer) return listeners.forEach((listener) => listener(answer.news));
    const asker = waiting.get(answer.id);
    waiting.delete(answer.id);
    return 'error' in answer ? asker?.reject(new Error(answer.error)) : asker?.resolve(answer.value);
  });
  return {
    ask: (question, argument) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        child.send({ id: lastId, question, argument } satisfies Question, (error) => {
          if (error) reject(error);
        });
      }),
    onTold: (listener) => void listeners.push(listener),
    close: () => {
      child.kill('SIGKILL');
      return exited;
    },
  };
}

/** In a module under bench/ends: answers each question by the function of that name. Returns the way to tell news. */
export function serveEnd(answers: Readonly<Record<string, (argument: unknown) => unknown>>): (news: unknown) => void {
  const reply = (answer: Answer): void => void process.send?.(answer);
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, question, argument }: Question) => {
    try {
      const answer = answers[question];
      if (!answer) throw new Error(`no answer to ${question}`);
      reply({ id, value: await answer(argument) });
    } catch (error) {
      reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  return (news) => reply({ news });
}

/** A browser at a page of ours. */
export interface OpenPage {
  readonly browser: Browser;
  /** The first page, already at the address. Further ones: `browser.newPage()` and `goto(address)`. */
  readonly page: Page;
  readonly address: string;
  close(): Promise<void>;
}

/** Opens bench/pages/`name`/index.html, built by Vite and served on localhost, in a browser of its own. */
export async function openBenchPage(name: string, extraFlags: readonly string[] = []): Promise<OpenPage> {
  const { address, close: stop } = await serveBenchPage(name);
  const browser = await launchChromium(extraFlags);
  const page = await browser.newPage();
  await page.goto(address);
  const close = async (): Promise<void> => {
    await browser.close();
    await stop();
  };
  return { browser, page, address, close };
}

/** Serves bench/pages/`name`/index.html, built by Vite, on localhost. */
export async function serveBenchPage(name: string): Promise<{ readonly address: string; close(): Promise<void> }> {
  const server = await serveStatic(join(process.cwd(), 'dist/bench-pages'));
  return { address: `${server.origin}/${name}/`, close: () => server.close() };
}
