// How things are in the pool, as one window was told it last: what has changed since is all that crosses.
import type { PoolClientFace } from '../io/client-face.ts';
import type { MemberView, PeerView, RoomView } from '../pool/views.ts';
import type { StateChange } from './frames.ts';
import { KEYS, ListSender } from './lists.ts';

/** What the pool's clock may be off before it is told anew, ms: Date.now() itself is known to a whole one. */
const OFFSET_MS = 2;

type Self = NonNullable<StateChange['self']>;

export class StateSender {
  readonly #client: PoolClientFace<string>;
  readonly #control: () => NonNullable<StateChange['control']>;
  #peers = new ListSender<PeerView>(KEYS.peer);
  #rooms = new ListSender<RoomView>(KEYS.room);
  #members = new ListSender<MemberView>(KEYS.member);
  #offsetMs: number | undefined;
  #self = '';
  #controlTold = '[]';
  #talkChanged = true;

  /** `control`: of the streams that the window has open. */
  constructor(client: PoolClientFace<string>, control: () => NonNullable<StateChange['control']>) {
    this.#client = client;
    this.#control = control;
  }

  /** Rooms and members are worth a look: there may be a thousand, so it is not taken each time. */
  talkChanged(): void {
    this.#talkChanged = true;
  }

  /** The client is in another pool than was told, or in none. */
  isOther(follows: boolean): boolean {
    return textOf(this.#selfNow(follows)) !== this.#self;
  }

  /** What is not as it was told. `follows`: the window is to see the pool that the client is in. Undefined: all is. */
  change(follows: boolean): StateChange | undefined {
    const self = this.#selfNow(follows);
    const state = { ...this.#offset(), ...this.#selfChange(self), ...this.#lists(self === 'none'), ...this.#streams() };
    return Object.keys(state).length === 0 ? undefined : state;
  }

  #lists(out: boolean): Pick<StateChange, 'peers' | 'rooms' | 'members'> {
    const { peers, talk } = this.#client;
    const changed = this.#talkChanged;
    this.#talkChanged = false;
    const peersChange = this.#peers.change(out ? [] : peers);
    const rooms = changed ? this.#rooms.change(out ? [] : talk.rooms) : undefined;
    const members = changed ? this.#members.change(out ? [] : talk.members) : undefined;
    return {
      ...(peersChange === undefined ? {} : { peers: peersChange }),
      ...(rooms === undefined ? {} : { rooms }),
      ...(members === undefined ? {} : { members }),
    };
  }

  #offset(): Pick<StateChange, 'offsetMs'> {
    const offsetMs = this.#client.poolTimeMs - Date.now();
    if (this.#offsetMs !== undefined && Math.abs(offsetMs - this.#offsetMs) <= OFFSET_MS) return {};
    this.#offsetMs = offsetMs;
    return { offsetMs };
  }

  /** The client's `talk` throws outside of a pool. */
  #selfNow(follows: boolean): Self {
    try {
      return follows ? this.#client.talk.self : 'none';
    } catch {
      return 'none';
    }
  }

  #selfChange(self: Self): Pick<StateChange, 'self'> {
    const text = textOf(self);
    if (text === this.#self) return {};
    this.#self = text;
    // Another pool, or another person: all of it is told anew.
    this.#peers = new ListSender(KEYS.peer);
    this.#rooms = new ListSender(KEYS.room);
    this.#members = new ListSender(KEYS.member);
    this.#talkChanged = true;
    return { self };
  }

  #streams(): Pick<StateChange, 'control'> {
    const control = this.#control();
    const text = JSON.stringify(control);
    if (text === this.#controlTold) return {};
    this.#controlTold = text;
    return { control };
  }
}

const textOf = (self: Self): string => (self === 'none' ? self : `${self.device}/${self.account}`);
