// What a person at a terminal can do about what a server's accounts refuse.
import type { AccountProblem } from '../src/io/account-ticket.ts';

export function accountWords({ code, message }: AccountProblem): string {
  switch (code) {
    case 'signed-out':
      return 'Nobody is signed in here. A device that is shows six words: rockpool account sign-in WORDS.';
    case 'not-invited':
      return 'This pool is for those who were invited. Give the whole invitation link as --pool.';
    case 'passphrase-needed':
      return 'This pool wants a passphrase: --passphrase, or ROCKPOOL_PASSPHRASE in the environment.';
    default:
      return message;
  }
}
