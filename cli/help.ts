// Every word of `rockpool help`.
import type { Topic } from './options.ts';

const GENERAL = `Rockpool: meet in a pool, talk and share files directly, device to device.

  rockpool serve      run a server: the app and the way into pools, on one port
  rockpool desktop    the app in a window of its own, with files as they lie on
                      this machine
  rockpool join       join a pool and talk from this terminal
  rockpool send       send files and folders to the people in a pool
  rockpool receive    receive files and folders from the people in a pool
  rockpool history    what was sent and received
  rockpool messages   what was said, as far as it is kept here
  rockpool account    be signed in at a server that keeps accounts
  rockpool doctor     examine a server: what works, and how to mend the rest

  rockpool help COMMAND      more about one of them, with examples
  rockpool --version         the version
`;

const DATA = `  --data DIR       where this device's keys, conversations, history and stored
                   offers lie (default: rockpool in $XDG_STATE_HOME or
                   ~/.local/state)
`;

const PEER = `  --pool CODE      the pool: its code, its whole link, or an invitation's
                   (required)
  --server URL     the server, http(s):// or ws(s)://
                   (default: the one in the link, else http://localhost:8080)
  --name NAME      how others see this device (default: the host's name)
  --passphrase WORDS
                   of the pool, if it wants one (or ROCKPOOL_PASSPHRASE in the
                   environment, which others here cannot read)
  --relay-only     hide this device's address: through the server's relay only
  --json           one JSON object a line on stdout, words on stderr; also
                   the statistics of every link, once a second
  --stats FILE     append those statistics to FILE, one JSON object a line
${DATA}`;

const RATES = `  --limit-down RATE, --limit-up RATE
                   bytes a second at most, such as 500k or 2MB
`;

const CODES = `Exit code: 0 done, 1 not done, 2 wrong usage, 130 interrupted.
`;

const DESKTOP = `rockpool desktop [LINK] [--server URL] [--name NAME] [--into DIR]
                 [--data DIR] [--background] [--window KIND]
rockpool desktop --install | --uninstall

Opens the app in a window of its own. Files are sent from where they lie and
received into a folder; nothing passes through a browser. Ends when its window
is closed. Started once more, it shows the window that is there.

LINK is a pool's link, its code, or rockpool://HOST/#CODE.

  --server URL     the server, http(s):// (default: the one in the link, else
                   the last one)
  --name NAME      how others see this device (default: the last one, else the
                   host's name)
  --into DIR       where received files go from now on (default: Rockpool in
                   your folder for downloads)
  --background     no window at first, and it goes on when its window is closed
  --window KIND    chromium, webview, browser, or none, which prints an address
                   (default: the first of these that works here)
  --data DIR       where this device's keys, conversations, history and settings
                   lie (default: rockpool/desktop in $XDG_STATE_HOME or
                   ~/.local/state)

  --install        put it among the programs of a Linux desktop, with an icon;
                   it opens rockpool:// links then. --uninstall takes it away

When it was stopped or killed in a pool, it is in it again at its next start,
and goes on with what it received and offered.

Examples
  rockpool desktop
  rockpool desktop https://pool.example/#calm-otter-cove-41729

${CODES}`;

const JOIN = `rockpool join --pool CODE [--into DIR] [--limit-down RATE]
              [--limit-up RATE] [--server URL] [--name NAME] [--json]
              [--stats FILE] [--data DIR]

Joins a pool. Lines you type are sent to everyone there; what they say is
printed. What is said is kept, here and at the others: who comes later gets it
from anybody who has it. Ends with Ctrl+D (end of input) or Ctrl+C. Lines from
a pipe wait until somebody is there; once the pipe has ended, for 10 seconds at
most. It ends when everyone who is there has them.

On a terminal, and with --json, what was kept from before is shown first, and
lines that begin with / are commands. Lines from a pipe are all said. On a
terminal what is shown counts as read, and others see that it was.

  /people                    who is here, and who is away
  /whisper NAME[,NAME] TEXT  say it so that only they can read it
  /rooms, /room N            where lines can go; the prompt says where they do
  /reply N, /react N, /edit, /takeback N, /important, /confirm N
                             answer, change and confirm messages
  /verify NAME               four words to compare, so that nobody is in between
  /link                      make another device yours
  /more                      fetch older messages from devices here
  /leave                     leave this pool for good
  /take N, /list, ...        files; /help lists every command

  --into DIR       where files go that are taken (default: the current folder)
${RATES}${PEER}
Examples
  rockpool join --pool calm-otter-cove-41729
  echo "the build is done" | rockpool join --pool calm-otter-cove-41729

Exit code: 0 input ended and was sent, 1 not sent or put out of the pool,
2 wrong usage, 130 interrupted.
`;

const SEND = `rockpool send PATH... --pool CODE [--receivers N | --stay [--forget] |
              --to NAME...] [--limit RATE] [--server URL] [--name NAME] [--json]
              [--stats FILE] [--data DIR]

Offers files and folders to everyone in the pool, and to those who come later.
Stays until N devices hold all of them, verified. A folder travels with all
files and folders in it; links, devices, pipes and sockets are left out. What
changes while it is sent is not offered any more.

  --receivers N    how many devices (default: 1)
  --stay           offer until stopped, and remember it: the next send --stay to
                   this pool offers the same again, without naming it, unless
                   it is gone, has changed, or is offered by another one
  --forget         drop what was remembered for this pool first
  --to NAME        only to this person, on any of their devices: waits until
                   they are here, and ends when they have it; nobody else hears
                   of it. Refused if several people are called so. May be given
                   more than once
  --limit RATE     bytes a second to send at most, such as 500k or 2MB
${PEER}
Examples
  rockpool send holiday.mp4 --pool calm-otter-cove-41729
  rockpool send pictures --pool https://pool.example/#calm-otter-cove-41729
  rockpool send --stay --pool calm-otter-cove-41729
  rockpool send letter.pdf --to Mara --pool calm-otter-cove-41729

${CODES}`;

const RECEIVE = `rockpool receive --pool CODE --into DIR [--count N] [--only PATTERN]
                 [--wait SECONDS] [--limit-down RATE] [--limit-up RATE]
                 [--server URL] [--name NAME] [--json] [--stats FILE]
                 [--data DIR]

Accepts every offer. A file gets its final name only once all of it is
verified; if the name is taken, a number is added. A folder is unpacked. Ends
when N files are verified and nothing it has accepted is still on its way.

What an earlier run began, and did not finish for whatever reason, goes on where
it was, as soon as somebody offers the same again. When a sender leaves midway,
it waits for that device or another one that has the file.

  --into DIR       where files go; made if it is not there (required)
  --count N        how many files (default: 1); a folder counts as one
  --only PATTERN   only files of this name; * stands for any letters, ? for
                   one; may be given more than once
  --wait SECONDS   how long to wait for a sender that left (default: 60)
${RATES}${PEER}
Examples
  rockpool receive --pool calm-otter-cove-41729 --into ~/Downloads
  rockpool receive --pool calm-otter-cove-41729 --into inbox --only '*.jpg'

${CODES}`;

const HISTORY = `rockpool history [--search TEXT] [--clear] [--data DIR] [--json]

Lists what send, receive and join sent and received, newest first.

  --search TEXT    only where the name, the other device or the pool has TEXT
  --clear          empty the list; no file is touched
  --json           one JSON object a line on stdout, words on stderr
${DATA}
Examples
  rockpool history
  rockpool history --search holiday

Exit code: 0 done, 1 not done, 2 wrong usage.
`;

const MESSAGES = `rockpool messages [POOL] [--search TEXT] [--limit N] [--data DIR] [--json]
rockpool messages POOL --export json|markdown [--data DIR]

Reads the conversations that are kept on this device, without joining: no server
is needed, and nothing is sent. Without POOL and --search: the pools there are.
The newest message comes last.

  --search TEXT    messages with all words of TEXT, in POOL or everywhere
  --limit N        how many, the newest (default: 50)
  --export FORMAT  all of a pool on stdout: json (one array) or markdown
  --json           one JSON object a line on stdout, words on stderr
${DATA}
Examples
  rockpool messages calm-otter-cove-41729
  rockpool messages --search "blue crab"
  rockpool messages calm-otter-cove-41729 --export markdown > pool.md

Exit code: 0 done, 1 not done, 2 wrong usage.
`;

const ACCOUNT = `rockpool account [sign-in WORDS | sign-out] [--server URL]
                 [--data DIR] [--json]

Only for servers that keep accounts: who is signed in there from this terminal.
To sign in, let a device that is signed in show its six words (in the app: your
account, "Sign in another device"). From then on this terminal joins the pools
of that account.

  --server URL     the server (default: http://localhost:8080)
  --json           one JSON object a line on stdout, words on stderr
${DATA}
Examples
  rockpool account --server https://pool.example
  rockpool account sign-in crab-kelp-... --server https://pool.example

Exit code: 0 done, 1 not done, 2 wrong usage.
`;

const DOCTOR = `rockpool doctor URL [--json]

Examines the server at URL, as people open it, from this machine: whether it can
be reached, whether browsers count it as secure, whether websockets get through
what is in front of it, whether it sees addresses of its own visitors, whether
STUN answers and TURN relays. What is not well comes with how to mend it.

  --json           one JSON object a line on stdout, words on stderr

Examples
  rockpool doctor https://pool.example
  rockpool doctor http://localhost:8080

Exit code: 0 nothing is broken, 1 something is, 2 wrong usage.
`;

/** \`serve\` has its own page, made of its options: serve.ts. */
const PAGES: Readonly<Record<Exclude<Topic, 'serve'>, string>> = {
  desktop: DESKTOP,
  join: JOIN,
  send: SEND,
  receive: RECEIVE,
  history: HISTORY,
  messages: MESSAGES,
  account: ACCOUNT,
  doctor: DOCTOR,
};

/** The help page of `topic`, or the general one. Ends with a line break. */
export function helpText(topic: Exclude<Topic, 'serve'> | undefined): string {
  return topic === undefined ? GENERAL : PAGES[topic];
}
