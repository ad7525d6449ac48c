// A window's conversation: what TalkClient and KeptHistory are to the host, over the wire.
import type { TalkFace, TalkHistory } from '../io/talk-face.ts';
import type { MemberView, RoomView } from '../pool/views.ts';
import type { DeviceId } from '../wire/entry.ts';
import type { Mirror } from './mirror.ts';
import type { Wire } from './wire.ts';

type Talk = TalkFace;
type History = TalkHistory;

export class RemoteTalk implements TalkFace {
  readonly #wire: Wire;
  readonly #mirror: Mirror;

  constructor(wire: Wire, mirror: Mirror) {
    this.#wire = wire;
    this.#mirror = mirror;
  }

  get self(): Talk['self'] {
    return this.#mirror.self;
  }

  get rooms(): readonly RoomView[] {
    return this.#present().rooms;
  }

  get members(): readonly MemberView[] {
    return this.#present().members;
  }

  words(device: DeviceId): readonly string[] | undefined {
    return this.#present().peers.find(({ id }) => id === device)?.words;
  }

  typing(...args: Parameters<Talk['typing']>): void {
    this.#present();
    this.#wire.tell('talk.typing', ...args);
  }

  read(...args: Parameters<Talk['read']>): void {
    this.#present();
    this.#wire.tell('talk.read', ...args);
  }

  say(...args: Parameters<Talk['say']>): ReturnType<Talk['say']> {
    return this.#wire.call('talk.say', ...args);
  }

  edit(...args: Parameters<Talk['edit']>): ReturnType<Talk['edit']> {
    return this.#wire.call('talk.edit', ...args);
  }

  react(...args: Parameters<Talk['react']>): ReturnType<Talk['react']> {
    return this.#wire.call('talk.react', ...args);
  }

  retract(...args: Parameters<Talk['retract']>): ReturnType<Talk['retract']> {
    return this.#wire.call('talk.retract', ...args);
  }

  confirm(...args: Parameters<Talk['confirm']>): ReturnType<Talk['confirm']> {
    return this.#wire.call('talk.confirm', ...args);
  }

  evidence(...args: Parameters<Talk['evidence']>): ReturnType<Talk['evidence']> {
    return this.#wire.call('talk.evidence', ...args);
  }

  save(...args: Parameters<Talk['save']>): ReturnType<Talk['save']> {
    return this.#wire.call('talk.save', ...args);
  }

  announcements(...args: Parameters<Talk['announcements']>): ReturnType<Talk['announcements']> {
    return this.#wire.call('talk.announcements', ...args);
  }

  note(...args: Parameters<Talk['note']>): ReturnType<Talk['note']> {
    return this.#wire.call('talk.note', ...args);
  }

  whisper(...args: Parameters<Talk['whisper']>): ReturnType<Talk['whisper']> {
    return this.#wire.call('talk.whisper', ...args);
  }

  createZone(...args: Parameters<Talk['createZone']>): ReturnType<Talk['createZone']> {
    return this.#wire.call('talk.createZone', ...args);
  }

  changeZone(...args: Parameters<Talk['changeZone']>): ReturnType<Talk['changeZone']> {
    return this.#wire.call('talk.changeZone', ...args);
  }

  page(...args: Parameters<Talk['page']>): ReturnType<Talk['page']> {
    return this.#wire.call('talk.page', ...args);
  }

  message(...args: Parameters<Talk['message']>): ReturnType<Talk['message']> {
    return this.#wire.call('talk.message', ...args);
  }

  more(...args: Parameters<Talk['more']>): ReturnType<Talk['more']> {
    return this.#wire.call('talk.more', ...args);
  }

  verify(...args: Parameters<Talk['verify']>): ReturnType<Talk['verify']> {
    return this.#wire.call('talk.verify', ...args);
  }

  exclude(...args: Parameters<Talk['exclude']>): ReturnType<Talk['exclude']> {
    return this.#wire.call('talk.exclude', ...args);
  }

  inviteDevice(...args: Parameters<Talk['inviteDevice']>): ReturnType<Talk['inviteDevice']> {
    return this.#wire.call('talk.inviteDevice', ...args);
  }

  useInvitation(...args: Parameters<Talk['useInvitation']>): ReturnType<Talk['useInvitation']> {
    return this.#wire.call('talk.useInvitation', ...args);
  }

  revoke(...args: Parameters<Talk['revoke']>): ReturnType<Talk['revoke']> {
    return this.#wire.call('talk.revoke', ...args);
  }

  quit(...args: Parameters<Talk['quit']>): ReturnType<Talk['quit']> {
    return this.#wire.call('talk.quit', ...args);
  }

  /** Throws an Error outside of a pool. */
  #present(): Mirror {
    void this.#mirror.self;
    return this.#mirror;
  }
}

export class RemoteHistory implements TalkHistory {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  pools(...args: Parameters<History['pools']>): ReturnType<History['pools']> {
    return this.#wire.call('history.pools', ...args);
  }

  search(...args: Parameters<History['search']>): ReturnType<History['search']> {
    return this.#wire.call('history.search', ...args);
  }

  saved(...args: Parameters<History['saved']>): ReturnType<History['saved']> {
    return this.#wire.call('history.saved', ...args);
  }

  forget(...args: Parameters<History['forget']>): ReturnType<History['forget']> {
    return this.#wire.call('history.forget', ...args);
  }

  /** Each piece is asked for when it is wanted. */
  async *export(pool: string, format: 'json' | 'markdown'): AsyncIterable<string> {
    const number = await this.#wire.call('export.open', pool, format);
    try {
      for (;;) {
        const piece = await this.#wire.call('export.next', number);
        if (piece === undefined) return;
        yield piece;
      }
    } finally {
      await this.#wire.call('export.close', number).catch(() => undefined);
    }
  }
}
