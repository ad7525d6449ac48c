// One command from its words to its exit code. Holds no state and touches nothing but what `cli` gives.
import { helpText } from './help.ts';
import { history } from './history.ts';
import { EXIT, type Cli } from './io.ts';
import { join } from './join.ts';
import { defaultNameFor, parseCommand, UsageError, type Command, type Topic } from './options.ts';
import { receive } from './receive.ts';
import { send } from './send.ts';
import { packageVersion } from './version.ts';

/** Runs the command `argv` names (without node and the script). Resolves to the exit code; throws only on our own bugs. */
export async function run(argv: readonly string[], cli: Cli): Promise<number> {
  const command = parseCommand(argv, defaultNameFor(cli.hostname));
  try {
    return await follow(command, cli);
  } catch (error) {
    if (error instanceof UsageError) return tellUsage(cli, topicOf(command), error.message);
    throw error;
  }
}

function follow(command: Command, cli: Cli): Promise<number> | number {
  switch (command.kind) {
    case 'help':
      if (command.topic === 'serve') return import('./serve.ts').then(({ serveHelp }) => serveHelp(cli));
      cli.stdout.write(helpText(command.topic));
      return EXIT.ok;
    case 'version':
      cli.stdout.write(`rockpool ${packageVersion()}\n`);
      return EXIT.ok;
    case 'usage':
      return tellUsage(cli, command.topic, command.message);
    case 'serve':
      // What only servers need is loaded only for them.
      return import('./serve.ts').then(({ serve }) => serve(cli, command.args));
    case 'desktop':
      return import('./desktop.ts').then(({ desktop }) => desktop(cli, command));
    case 'desktop-entry':
      return import('./desktop.ts').then(({ desktopEntry }) => desktopEntry(cli, command.install));
    case 'join':
      return join(cli, command);
    case 'send':
      return send(cli, command);
    case 'receive':
      return receive(cli, command);
    case 'history':
      return history(cli, command);
    case 'messages':
      // What reads databases is loaded only where one is read.
      return import('./messages.ts').then(({ messages }) => messages(cli, command));
    case 'account':
      return import('./account.ts').then(({ account }) => account(cli, command));
    case 'doctor':
      return import('./doctor.ts').then(({ doctor }) => doctor(cli, command));
  }
}

function topicOf(command: Command): Topic | undefined {
  const { kind } = command;
  return kind === 'serve' || kind === 'send' || kind === 'receive' || kind === 'join' ? kind : undefined;
}

function tellUsage(cli: Cli, topic: Topic | undefined, message: string): number {
  const words = topic === undefined ? 'rockpool' : `rockpool ${topic}`;
  const help = topic === undefined ? 'rockpool help' : `rockpool help ${topic}`;
  cli.stderr.write(`${words}: ${message}\nMore with: ${help}\n`);
  return EXIT.usage;
}
