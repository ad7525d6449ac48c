// `rockpool desktop`: the app in a window of its own, over a host that carries the data with real paths.
import { join, resolve } from 'node:path';
import { installDesktopEntry, removeDesktopEntry } from '../desktop/windows/desktop-entry.ts';
import { dataFolder, EXIT, stopped, type Cli } from './io.ts';
import { defaultNameFor, type Command } from './options.ts';
import { reasonOf } from './errors.ts';
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

/** Puts Rockpool among the programs of a Linux desktop, or takes it away. Resolves to the exit code. */
export async function desktopEntry({ env, home, stdout, stderr }: Cli, install: boolean): Promise<number> {
  if (process.platform !== 'linux') {
    stderr.write(
      'rockpool desktop: --install and --uninstall are for Linux; docs/desktop.md says what to do elsewhere.\n',
    );
    return EXIT.failed;
  }
  try {
    if (!install) {
      const had = await removeDesktopEntry({ env, home });
      stdout.write(had ? 'Rockpool is no longer among your programs.\n' : 'Rockpool was not among your programs.\n');
      return EXIT.ok;
    }
    const command = [process.execPath, ...process.argv.slice(1, 2)];
    const entry = await installDesktopEntry({ env, home, command });
    stdout.write(`Rockpool is among your programs and opens rockpool:// links: ${safeLine(entry)}\n`);
    return EXIT.ok;
  } catch (error) {
    stderr.write(`rockpool desktop: ${safeLine(reasonOf(error))}\n`);
    return EXIT.failed;
  }
}
