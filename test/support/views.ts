// What the client shows of a room, a person's device and a message, for tests to vary.
import type { MemberView, MessageView, RoomView } from '../../src/talk/views.ts';

/** The pool's own room, where nothing was said. */
export const roomView = (changes: Partial<RoomView> = {}): RoomView => ({
  id: 'cc',
  kind: 'pool',
  name: '',
  accounts: [],
  open: true,
  founder: false,
  readTo: 0,
  unread: 0,
  lastCreated: 0,
  ...changes,
});

/** A person with one device, a browser. */
export const memberView = (device: string, name: string, changes: Partial<MemberView> = {}): MemberView => ({
  device,
  name,
  kind: 'browser',
  account: device,
  own: false,
  role: 'member',
  verified: false,
  out: false,
  doubleOf: undefined,
  metMs: 1,
  profile: undefined,
  ...changes,
});

/** Mara's, in the pool's own room. */
export const messageView = (changes: Partial<MessageView> = {}): MessageView => ({
  id: 'aa/cc/1',
  room: 'cc',
  from: 'aa',
  account: 'aa',
  name: 'Mara',
  own: false,
  state: 'here',
  text: 'hello',
  created: 1024,
  sentMs: 1,
  editedMs: undefined,
  replyTo: undefined,
  reactions: [],
  callsMe: false,
  notify: [],
  announcement: false,
  noted: false,
  vote: undefined,
  saved: false,
  retractedBy: [],
  ...changes,
});
