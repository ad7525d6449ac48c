// `rockpool doctor`: examines a server and says, question by question, what is well and how to mend the rest.
import { examine } from '../signaling/doctor/examine.ts';
import type { Finding } from '../signaling/doctor/findings.ts';
import { EXIT, type Cli } from './io.ts';
import type { Command } from './options.ts';
import { safeLine } from './safe-text.ts';
import { Screen, type Tone } from './screen.ts';

const TONES: Readonly<Record<Finding['verdict'], Tone>> = {
  ok: 'good',
  hint: 'plain',
  broken: 'bad',
  skipped: 'quiet',
};
/** The longest verdict, and the longest question. */
const VERDICT_COLUMNS = 9;
const CHECK_COLUMNS = 11;

/** Resolves to the exit code: failed if anything is broken. */
export async function doctor(cli: Cli, { url, json }: Command & { readonly kind: 'doctor' }): Promise<number> {
  const screen = new Screen(cli, json);
  let sound = true;
  for await (const finding of examine(url)) {
    sound &&= finding.verdict !== 'broken';
    screen.event('finding', finding);
    tell(screen, finding);
  }
  screen.event('examined', { url, sound });
  return sound ? EXIT.ok : EXIT.failed;
}

function tell(screen: Screen, finding: Finding): void {
  const { check, verdict, words } = finding;
  const head = screen.paint(verdict.padEnd(VERDICT_COLUMNS), TONES[verdict]);
  screen.line(`${head}${check.padEnd(CHECK_COLUMNS)}${safeLine(words)}`);
  if ('mend' in finding) screen.line(`${' '.repeat(VERDICT_COLUMNS + CHECK_COLUMNS)}${finding.mend}`);
}
