// `rockpool serve`: runs the server and says where it is, with a link to a pool nobody is in yet.
import { poolLink } from '../src/wire/pool-code.ts';
import { codeOf, reasonOf } from './errors.ts';
import { EXIT, stopped, type Cli, type Serving } from './io.ts';
import type { Command } from './options.ts';
import { freshPoolCode } from '../src/wire/fresh-names.ts';
import { Screen } from './screen.ts';
import { tellFailure } from './session.ts';

type ServeCommand = Command & { readonly kind: 'serve' };

/** Resolves to the exit code once stopped. */
export async function serve(cli: Cli, command: ServeCommand): Promise<number> {
  const screen = new Screen(cli, command.json);
  let serving: Serving;
  try {
    serving = await cli.serve({ host: command.host, port: command.port });
  } catch (error) {
    tellFailure(screen, whyNot(error, command));
    return EXIT.failed;
  }
  const pool = freshPoolCode((into) => crypto.getRandomValues(into));
  const link = poolLink(serving.url, pool);
  screen.event('listening', { url: serving.url, port: serving.port, pool, link });
  screen.line(`Rockpool is open at ${screen.paint(serving.url, 'strong')}`);
  screen.line(`A pool to start with: ${screen.paint(link, 'good')}`);
  screen.note('Ctrl+C stops it.');
  await stopped(cli.stop);
  screen.note('Stopping. Connections between devices live on.');
  await serving.close();
  screen.event('stopped');
  return EXIT.ok;
}

function whyNot(error: unknown, { host, port }: ServeCommand): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `Port ${port} is taken. Stop what listens there, or choose another with --port.`;
    case 'EACCES':
      return `Port ${port} needs rights you do not have. Choose one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this machine. Choose another with --host.`;
    default:
      return `Could not listen on ${host}, port ${port}: ${reasonOf(error)}.`;
  }
}
