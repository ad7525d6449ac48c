// What a window asks of its host, by name: the methods of PoolClientFace and HostFace that are no state. A method that is added
// to a face is a call from then on, and does not compile until the host serves it (serve-calls.ts) and the window makes it.
import type { PoolClientFace } from '../io/client-face.ts';
import type { TalkFace, TalkHistory } from '../io/talk-face.ts';
import type { ControlDirection, ControlSetup } from '../pool/control.ts';
import type { PeerId } from '../pool/views.ts';
import type { HostFace } from './host-face.ts';

type Client = PoolClientFace<string>;

/** `Names` of a face's methods, each behind `Prefix`. */
type Methods<Prefix extends string, Face, Names extends keyof Face> = {
  [Name in Names & string as `${Prefix}${Name}`]: Face[Name];
};

type ToldToClient = 'accept' | 'decline' | 'cancel' | 'pause' | 'resume' | 'retry' | 'recheck' | 'move' | 'limit';
/** Answered by the window itself, or made of other calls. */
type OwnOfClient =
  'subscribe' | 'stats' | 'control' | 'datagrams' | 'talk' | 'talkHistory' | 'say' | 'close' | keyof ClientState;
type ClientState = Pick<Client, 'poolTimeMs' | 'peers' | 'offers' | 'transfers'>;
type ToldToTalk = 'typing' | 'read';
type OwnOfTalk = 'self' | 'rooms' | 'members' | 'words';

/** Each is answered once, with a result or an error. */
export type Calls = Methods<'', Client, Exclude<keyof Client, ToldToClient | OwnOfClient>> &
  Methods<'talk.', TalkFace, Exclude<keyof TalkFace, ToldToTalk | OwnOfTalk>> &
  Methods<'history.', TalkHistory, Exclude<keyof TalkHistory, 'export'>> &
  Methods<'host.', HostFace, Exclude<keyof HostFace, 'subscribe' | 'history'>> &
  Methods<'host.history.', HostFace['history'], keyof HostFace['history']> & {
    /** Begins an export, of which there are EXPORTS_MAX at most. Resolves to its number. */
    'export.open'(pool: string, format: 'json' | 'markdown'): Promise<number>;
    /** The next pieces of it, joined; undefined at its end. */
    'export.next'(number: number): Promise<string | undefined>;
    'export.close'(number: number): Promise<void>;
  };

/** Nobody waits for these. What the host refuses of them it says as HostEvent `trouble`, to this window alone. */
export type Tells = Methods<'', Client, ToldToClient> &
  Methods<'talk.', TalkFace, ToldToTalk> & {
    /** Statistics are wanted from now on, or no more. */
    'stats.watch'(on: boolean): void;
    'control.open'(setup: ControlSetup): void;
    'control.close'(stream: number): void;
    /** What was sampled: goes with the next poll there. */
    'control.poll'(stream: number, direction: ControlDirection, bytes: Uint8Array): void;
    /** The application's own datagrams are listened to from now on, or no more. */
    'datagrams.listen'(on: boolean): void;
    'datagrams.send'(schema: number, bytes: Uint8Array, deadlineMs: number, to?: PeerId): void;
  };

/** Exports that one window reads at a time. */
export const EXPORTS_MAX = 4;
