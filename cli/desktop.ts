// `rockpool desktop`: the app in a window of its own, over a host that carries the data with real paths.
import { join, resolve } from 'node:path';
import { dataFolder, EXIT, stopped, type Cli } from './io.ts';
import { defaultNameFor, type Command } from './options.ts';
import { safeLine } from './safe-text.ts';
import { packageVersion } from './version.ts';

/** Resolves to the exit code. */
export async function desktop(cli: Cli, command: Command & { readonly kind: 'desktop' }): Promise<number> {
  const { data, wish, background, window } = command;
  const tell = (text: string): void => void cli.stderr.write(`${safeLine(text)}\n`);
  const end = await cli.desktop({
    // Not where the other commands keep theirs: one that runs first would be the device that this host is.
    data: data === undefined ? join(dataFolder(cli, undefined), 'desktop') : resolve(data),
    version: packageVersion(),
    name: defaultNameFor(cli.hostname, 'Desktop'),
    wish: { ...wish, into: wish.into === undefined ? undefined : resolve(wish.into) },
    background,
    window,
    tell,
  });
  switch (end.kind) {
    case 'handed-over':
      if (end.answer.text !== undefined) tell(end.answer.text);
      return end.answer.done ? EXIT.ok : EXIT.failed;
    case 'closed':
      return EXIT.ok;
    case 'stopped':
      return stopped(cli.stop);
    case 'failed':
      tell(`rockpool desktop: ${end.message}`);
      return EXIT.failed;
  }
}
