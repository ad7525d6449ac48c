// `rockpool account`: who is signed in at a server from this data directory, signing in with the words that another device shows,
// and signing out.
import { AccountProblem } from '../src/io/account-ticket.ts';
import { ServerAccounts } from '../src/io/server-accounts.ts';
import { accountWords } from './account-words.ts';
import { dataFolder, EXIT, type Cli } from './io.ts';
import type { Command } from './options.ts';
import { safeLine } from './safe-text.ts';
import { Screen } from './screen.ts';
import { tellFailure } from './session.ts';

type AccountCommand = Command & { readonly kind: 'account' };

/** Resolves to the exit code. */
export async function account(cli: Cli, { server, data, json, wish }: AccountCommand): Promise<number> {
  const screen = new Screen(cli, json);
  const accounts = new ServerAccounts({ server, data: dataFolder(cli, data) });
  try {
    if (wish.kind === 'sign-out') {
      await accounts.signOut();
      screen.event('signed-out', { server: accounts.url });
      screen.note(`Signed out at ${accounts.url}.`);
      return EXIT.ok;
    }
    const { id, name } = wish.kind === 'sign-in' ? await accounts.signIn(wish.code) : await accounts.me();
    screen.event('account', { server: accounts.url, account: id, name });
    screen.line(`Signed in at ${accounts.url} as ${safeLine(name)} (${safeLine(id)}).`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof AccountProblem)) throw error;
    tellFailure(screen, accountWords(error), error.code);
    return EXIT.failed;
  }
}
