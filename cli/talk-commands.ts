// What a person does with a conversation: lines that begin with a slash, and where the other lines go. Messages are called by the
// numbers they are shown with, rooms and people by numbers of their own.
import type { MessageView, RoomView, SayOptions } from '../src/client.ts';
import type { DeviceId, EntryId, RoomId } from '../src/wire/entry.ts';
import { isEmoji, isText, MESSAGE_TEXT_MAX } from '../src/wire/talk.ts';
import type { Conversation } from './conversation.ts';
import { reasonOf } from './errors.ts';
import { placeOf, plainName, voteWords } from './message-words.ts';
import { Numbers } from './numbers.ts';
import { nameOfAccount, peopleAt, peopleOf, type Person } from './people.ts';
import { fitColumns, safeLine } from './safe-text.ts';
import type { Session } from './session.ts';

/** `usage` as /help shows it. */
export const TALK_COMMANDS = {
  people: { usage: '/people', words: 'who is here, and who is away' },
  whisper: { usage: '/whisper NAME[,NAME] TEXT', words: 'say it so that only they can read it' },
  rooms: { usage: '/rooms', words: 'where lines can go' },
  room: { usage: '/room N', words: 'lines go to room N from now on' },
  reply: { usage: '/reply N TEXT', words: 'answer message N, where it stands' },
  react: { usage: '/react N EMOJI', words: 'give message N an emoji, or take it back' },
  important: { usage: '/important TEXT', words: 'say it, and ask everyone to confirm it' },
  confirm: { usage: '/confirm N', words: 'confirm message N' },
  edit: { usage: '/edit TEXT', words: 'change what you said last' },
  takeback: { usage: '/takeback N', words: 'ask every device to remove message N, or what you shared' },
  verify: { usage: '/verify NAME [yes]', words: 'four words to compare with NAME; yes: they are the same' },
  link: { usage: '/link [WORDS]', words: 'make another device yours: words for it, or its words' },
  more: { usage: '/more', words: 'fetch older messages from devices here' },
  leave: { usage: '/leave [yes]', words: 'leave this pool for good' },
} as const;
export type TalkName = keyof typeof TALK_COMMANDS;

/** Columns of a room's name in the prompt. */
const PROMPT_COLUMNS = 32;
const EVERYONE = 'everyone';

export class TalkCommands {
  readonly #conversation: Conversation;
  readonly #onSaid: (message: EntryId) => void;
  readonly #rooms = new Numbers();
  readonly #people = new Numbers();
  /** The words that were shown of a device: what was compared. */
  readonly #compared = new Map<DeviceId, string>();
  /** Where lines go; undefined: to everyone. */
  #room: RoomId | undefined;
  #goesTo = EVERYONE;

  /** `onSaid` hears of whatever is said by a command, once it is on disk. */
  constructor(conversation: Conversation, onSaid: (message: EntryId) => void) {
    this.#conversation = conversation;
    this.#onSaid = onSaid;
  }

  /** The number of a room: 1 is the pool's own. */
  roomNumber(id: RoomId, { client }: Pick<Session, 'client'>): number {
    const own = client.talk.rooms.find(({ kind }) => kind === 'pool');
    if (own !== undefined) this.#rooms.numberOf(own.id);
    return this.#rooms.numberOf(id);
  }

  /** Names the room that lines go to. */
  get prompt(): string {
    return `${fitColumns(this.#goesTo, PROMPT_COLUMNS)}> `;
  }

  /** Rooms or people are called otherwise now. */
  renamed({ client }: Pick<Session, 'client'>): void {
    const room = client.talk.rooms.find(({ id }) => id === this.#room);
    if (room !== undefined) this.#goesTo = this.#place(room, client) ?? EVERYONE;
  }

  /** Where lines go. */
  get where(): { readonly room?: RoomId } {
    return this.#room === undefined ? {} : { room: this.#room };
  }

  /** Does what a command says, or tells why not. `left`: this device is out of the pool for good. Never rejects. */
  async run(name: TalkName, rest: string, session: Session): Promise<'left' | undefined> {
    try {
      return await this.#run(name, rest, session);
    } catch (error) {
      session.screen.refuse(`That did not work: ${safeLine(reasonOf(error))}.`);
      return undefined;
    }
  }

  async #run(name: TalkName, rest: string, session: Session): Promise<'left' | undefined> {
    switch (name) {
      case 'people':
        this.#tellPeople(session);
        return undefined;
      case 'rooms':
        this.#tellRooms(session);
        return undefined;
      case 'room':
        this.#goTo(rest, session);
        return undefined;
      case 'whisper':
        await this.#whisper(rest, session);
        return undefined;
      case 'important':
        if (isSayable(rest, name, session)) await this.#say(rest, { ...this.where, important: true }, session);
        return undefined;
      case 'edit':
        await this.#edit(rest, session);
        return undefined;
      case 'reply':
      case 'react':
      case 'takeback':
      case 'confirm':
        await this.#about(name, rest, session);
        return undefined;
      case 'verify':
        await this.#verify(rest, session);
        return undefined;
      case 'link':
        await link(rest, session);
        return undefined;
      case 'more': {
        const entries = await session.client.talk.more();
        session.screen.event('more', { entries });
        session.screen.note(entries === 0 ? 'Nothing older is here.' : 'That is what came. /more asks for more.');
        return undefined;
      }
      case 'leave':
        return leave(rest, session);
    }
  }

  async #say(text: string, options: SayOptions, { client }: Session): Promise<void> {
    this.#onSaid(await client.say(text, options));
  }

  #place(room: RoomView, { talk }: Session['client']): string | undefined {
    return placeOf({ room: room.id, account: talk.self.account }, talk);
  }

  #tellPeople({ client, screen }: Session): void {
    const people = peopleOf(client.talk, client.peers);
    const fields = people.map(({ account, name, own, here, devices }) => ({
      number: this.#people.numberOf(account),
      account,
      name,
      own,
      here,
      devices: devices.map(({ device, name: called, kind, role, verified, doubleOf }) => {
        return { peer: device, name: called, device: kind, role, verified, doubleOf };
      }),
    }));
    screen.event('people', { people: fields });
    for (const person of people) screen.note(personLine(person, this.#people.numberOf(person.account)));
  }

  #tellRooms({ client, screen }: Session): void {
    const rooms = client.talk.rooms.filter(({ open }) => open);
    const sorted = rooms.toSorted((a, b) => Number(b.kind === 'pool') - Number(a.kind === 'pool'));
    const numbered = sorted.map((room) => ({ ...room, number: this.roomNumber(room.id, { client }) }));
    const here = this.#room ?? sorted[0]?.id;
    const fields = numbered.map(({ number, id, kind, name, accounts }) => {
      return { number, room: id, kind, name, accounts, current: id === here };
    });
    screen.event('rooms', { rooms: fields });
    for (const room of numbered) {
      const goes = room.id === here ? ', where lines go' : '';
      screen.note(`${String(room.number).padStart(2)}  ${this.#place(room, client) ?? 'everyone in the pool'}${goes}`);
    }
  }

  #goTo(number: string, { client, screen }: Session): void {
    const id = this.#rooms.idOf(number);
    const room = client.talk.rooms.find((each) => each.id === id);
    if (room?.open !== true)
      return screen.refuse(`There is no room ${safeLine(number) || 'without a number'}. /rooms lists them.`);
    this.#room = room.kind === 'pool' ? undefined : room.id;
    this.#goesTo = this.#place(room, client) ?? EVERYONE;
    screen.event('room-chosen', { number: Number(number), room: room.id, kind: room.kind, name: room.name });
    screen.note(`Lines go ${goesTo(this.#place(room, client))} now.`);
  }

  async #whisper(rest: string, session: Session): Promise<void> {
    const { client, screen } = session;
    if (rest === '') return screen.refuse(`Usage: ${TALK_COMMANDS.whisper.usage}`);
    const meant = peopleAt(rest, peopleOf(client.talk, client.peers), this.#people);
    if (meant.kind === 'unclear') return screen.refuse(meant.message);
    if (meant.people.some(({ own }) => own)) return screen.refuse('That is you: whisper to somebody else.');
    if (!isSayable(meant.rest, 'whisper', session)) return;
    const room = await client.talk.whisper(meant.people.map(({ account }) => account));
    await this.#say(meant.rest, { room }, session);
  }

  async #edit(text: string, session: Session): Promise<void> {
    const last = this.#conversation.lastOwn;
    if (last === undefined) return session.screen.refuse('You have said nothing yet that could be changed.');
    if (isSayable(text, 'edit', session)) await session.client.talk.edit(last.id, text);
  }

  async #about(name: 'reply' | 'react' | 'takeback' | 'confirm', rest: string, session: Session): Promise<void> {
    const { client, screen } = session;
    const { number = '', text = '' } = /^(?<number>\S*)\s*(?<text>[^]*)$/u.exec(rest)?.groups ?? {};
    const message = this.#conversation.called(number);
    const { usage } = TALK_COMMANDS[name];
    if (message === undefined) {
      return screen.refuse(`There is no message ${safeLine(number) || 'without a number'}. Usage: ${usage}`);
    }
    if (message.state === 'retracted') return screen.refuse(`Message ${number} was taken back.`);
    switch (name) {
      case 'reply':
        if (isSayable(text, name, session)) await this.#say(text, { room: message.room, replyTo: message.id }, session);
        return;
      case 'react': {
        if (!isEmoji(text)) return screen.refuse(`${safeLine(text) || 'Nothing'} is not one emoji. Usage: ${usage}`);
        const { account } = client.talk.self;
        const given = message.reactions.some(({ emoji, accounts }) => emoji === text && accounts.includes(account));
        return client.talk.react(message.id, text, !given);
      }
      case 'takeback':
        return takeBack(message, number, session);
      case 'confirm': {
        const no = whyNotConfirm(message, client.talk.self.account);
        if (no !== undefined) return screen.refuse(`Message ${number} ${no}.`);
        return client.talk.confirm(message.id);
      }
    }
  }

  async #verify(rest: string, { client, screen }: Session): Promise<void> {
    const { talk, peers } = client;
    if (rest === '') return screen.refuse(`Usage: ${TALK_COMMANDS.verify.usage}`);
    const meant = peopleAt(rest, peopleOf(talk, peers), this.#people);
    if (meant.kind === 'unclear') return screen.refuse(meant.message);
    const [person] = meant.people;
    if (person === undefined || meant.people.length > 1 || !['', 'yes'].includes(meant.rest)) {
      return screen.refuse(`Usage: ${TALK_COMMANDS.verify.usage}`);
    }
    const name = plainName(person.name);
    const linked = person.devices.flatMap((member) => {
      const words = talk.words(member.device)?.join(' ');
      return words === undefined ? [] : [{ member, words }];
    });
    if (linked.length === 0) return screen.refuse(`${name} is not linked to this device: both have to be here.`);
    if (meant.rest === '') {
      for (const { member, words } of linked) {
        this.#compared.set(member.device, words);
        screen.event('words', { peer: member.device, name: member.name, words, verified: member.verified });
        screen.note(`Words with ${plainName(member.name)} (${safeLine(member.kind)}): ${words}`, 'strong');
      }
      screen.note(
        `If ${name} sees the same, nobody is in between: /verify ${name} yes remembers it. If not, say nothing.`,
      );
      return;
    }
    if (linked.some(({ member, words }) => this.#compared.get(member.device) !== words)) {
      return screen.refuse(`Compare the words first: /verify ${name} shows them.`);
    }
    await Promise.all(linked.map(({ member }) => talk.verify(member.device, true)));
    screen.event('verified-peer', { peers: linked.map(({ member }) => member.device), account: person.account });
    screen.note(`${name} is verified.`, 'good');
  }
}

const goesTo = (place: string | undefined): string => {
  if (place === undefined) return 'to everyone in the pool';
  return place.startsWith('whisper') ? `into the ${place}` : `to those ${place}`;
};

function isSayable(text: string, name: TalkName, { screen }: Session): boolean {
  if (isText(text)) return true;
  const long = `That is too long: ${MESSAGE_TEXT_MAX} characters at most`;
  screen.refuse(`${text === '' ? 'Something to say is missing' : long}. Usage: ${TALK_COMMANDS[name].usage}`);
  return false;
}

/** ` 2  Mara (browser, here, verified)`. */
function personLine({ name, own, here, devices }: Person, number: number): string {
  const shown = plainName(name) || 'somebody';
  const roles = devices.some(({ role }) => role === 'owner') ? ['owner'] : [];
  const others = devices.filter(({ verified }) => !verified);
  const marks = own ? ['you'] : [here ? 'here' : 'away', others.length === 0 ? 'verified' : 'not verified'];
  const kinds = devices.length === 1 ? (devices[0]?.kind ?? '') : `${devices.length} devices`;
  const called = [...new Set(devices.slice(1).map((device) => plainName(device.name)))].filter(
    (each) => each !== shown,
  );
  const also = called.length === 0 ? '' : `, also ${called.join(', ')}`;
  const double = devices.some(({ doubleOf }) => doubleOf !== undefined);
  const warning = double ? '. Another device was called so before' : '';
  return `#${number}  ${shown} (${[...marks, ...roles, safeLine(kinds)].join(', ')}${also})${warning}`;
}

async function takeBack(message: MessageView, number: string, { client, screen }: Session): Promise<void> {
  if (!message.own) return screen.refuse(`Message ${number} is not yours.`);
  if (message.from !== client.talk.self.device) {
    return screen.refuse(`You said that on ${plainName(message.name)}: take it back there.`);
  }
  await client.talk.retract(message.id);
  screen.note('Every device that has it is asked to remove it. What others have read or copied stays with them.');
}

/** Undefined if there is something to confirm. */
function whyNotConfirm({ vote, announcement, own }: MessageView, account: string): string | undefined {
  if (own) return 'is your own';
  if (vote?.by.includes(account) === true) return `is confirmed by you already: ${voteWords(vote)}`;
  return vote === undefined && !announcement ? 'asks for no confirmation' : undefined;
}

async function link(words: string, { client, screen }: Session): Promise<void> {
  if (words !== '') {
    await client.talk.useInvitation(words);
    const { account } = client.talk.self;
    const others = client.talk.members.filter(
      (each) => each.account === account && each.device !== client.talk.self.device,
    );
    const names = others.map(({ name }) => plainName(name)).join(', ');
    screen.event('linked', { account });
    return screen.note(
      `This device is yours as ${names || nameOfAccount(client.talk, account)} is, from now on.`,
      'good',
    );
  }
  const { words: invitation, code, untilMs } = await client.talk.inviteDevice();
  screen.event('invitation', { words: invitation, code, untilMs });
  const minutes = Math.round((untilMs - Date.now()) / 60_000);
  screen.note(`On your other device, in this pool: /link ${invitation}`, 'strong');
  screen.note(
    `It holds for one device and ${minutes} minutes. Whoever has the words can speak as you: show them to nobody.`,
  );
}

async function leave(rest: string, { client, screen }: Session): Promise<'left' | undefined> {
  if (rest !== 'yes') {
    screen.refuse(
      'This is for good: this device can say nothing in this pool any more, and reads nothing that is said from then on. ' +
        'What is kept stays here. /leave yes does it; Ctrl+D only ends for now.',
    );
    return undefined;
  }
  await client.talk.quit();
  screen.event('left-for-good');
  screen.note('This device has left the pool for good.');
  return 'left';
}
