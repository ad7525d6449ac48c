// The app's conductor: which screen shows, and the way in and out of pools. Components call these functions and read
// these signals; the pool itself is known to the session's client alone.
import { batch, effect, signal, type Signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import type { PoolEvent } from '../src/client.ts';
import { parseInvited, parsePoolCode, poolLink } from '../src/wire/pool-code.ts';
import { openAccount, parseSignIn } from './account-door.ts';
import { brought } from './account/brought.ts';
import { pageAddress, setFragment } from './address.ts';
import { isHosted, type HostParts } from './hosted.ts';
import { parseLinkInvitation, type LinkInvitationParts } from './link-invitation.ts';
import { leaveSentence } from './sentences.ts';
import type { Session } from './session.ts';
import { PoolStore } from './state.ts';
import { hasName, loadCurrentPool, loadName, saveCurrentPool, saveName } from './storage.ts';
import { findHiddenProblem, findProblem, type Problem } from './support.ts';
import { watchTabs } from './tabs.ts';

export type Screen =
  | { readonly kind: 'unsupported'; readonly problem: Problem }
  | { readonly kind: 'start'; readonly notice?: Notice }
  | { readonly kind: 'joining'; readonly code: string }
  | { readonly kind: 'pool' };

/** Something to know on the start screen; `rejoin` is a pool that one tap leads back to. */
export interface Notice {
  readonly text: string;
  readonly rejoin?: string;
}

export const screen: Signal<Screen> = signal<Screen>({ kind: 'start' });
export const store: PoolStore = new PoolStore();
export const deviceNameText: Signal<string> = signal(loadName());
/** What stands in the field "Pool code". */
export const codeText: Signal<string> = signal('');
/** An invitation to be one of somebody's devices, that a link brought; it is asked for again once its pool is there. */
export const invitation: Signal<LinkInvitationParts | undefined> = signal<LinkInvitationParts | undefined>(undefined);

let loadPart: () => Promise<PoolPart> = () => Promise.reject(new Error('start() has not run'));
/** How long a change of pools may take before the page shows that it waits, milliseconds. */
const PATIENCE_MS = 400;

let session: Session | undefined;
let opening: Promise<Session> | undefined;
let unsubscribe: () => void = () => undefined;
/** The session is new and what is on screen is the last one's: it goes when the pool is entered again. */
let stale = false;
/** The pool this tab is in or on its way to. */
let wanted: string | undefined;
/** Counts joins, so that an overtaken one changes nothing any more. */
let turn = 0;

const tabs = watchTabs((pool) => {
  if (wanted !== undefined && pool !== wanted) moveAside(wanted);
});

/** The lazily loaded part: client and WebRTC, and what a pool is drawn with. */
export interface PoolPart {
  readonly openSession: (name: string) => Promise<Session>;
  readonly PoolScreen: ComponentType;
  /** `onGo`: to a pool that was chosen among them. */
  readonly KeptPools: ComponentType<{ readonly onGo?: (pool: string) => void }>;
  /** In a host's window. */
  readonly host?: HostParts;
}

/** Counts how often the same pool was entered anew, after its session was lost. */
export const visits: Signal<number> = signal(0);

/** Undefined until it has arrived. */
export const poolPart: Signal<PoolPart | undefined> = signal<PoolPart | undefined>(undefined);

/** Asks for the lazy part: right after first paint, so that it is there when someone joins. */
export async function loadPoolPart(): Promise<PoolPart> {
  const part = await loadPart();
  if (poolPart.peek() === undefined) {
    poolPart.value = part;
    part.host?.begin();
  }
  return part;
}

/** Decides the first screen, and goes on where a reload interrupted. `load` fetches the lazy part; called again, again. */
export function start(load: () => Promise<PoolPart>): void {
  loadPart = load;
  // What a window needs of its system, its host has; and that stays in the pool when the window goes.
  if (!isHosted() && !begin()) return;
  const code = readCode(location.hash);
  if (code !== undefined && location.hash !== '') codeText.value = code;
  if (code !== undefined && code === loadCurrentPool() && hasName() && !isHosted()) void join(code);
  window.addEventListener('hashchange', onFragment);
  // A page brought back from the browser's cache has lost its sockets: begin anew.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
  effect(() => {
    if (screen.value.kind !== 'pool') document.title = 'Rockpool';
  });
}

/** What only a browser's page begins with. False if Rockpool cannot run in it. */
function begin(): boolean {
  const problem = findProblem();
  if (problem !== undefined) {
    screen.value = { kind: 'unsupported', problem };
    return false;
  }
  void findHiddenProblem().then((hidden) => {
    if (hidden !== undefined) screen.value = { kind: 'unsupported', problem: hidden };
  });
  const signIn = parseSignIn(location.hash);
  if (signIn !== undefined) {
    // Whoever followed it presses the button: a link alone signs nobody in.
    setFragment('');
    void openAccount({ kind: 'home', code: signIn });
  }
  window.addEventListener('pagehide', () => void session?.client.leave());
  return true;
}

/** Joins `code` (normalized) under the name in the field, leaving the pool this tab is in. Never rejects. */
export async function join(code: string): Promise<void> {
  const name = deviceNameText.value.trim();
  if (name === '') return;
  turn += 1;
  const mine = turn;
  wanted = code;
  codeText.value = code;
  saveName(name);
  if (screen.value.kind !== 'pool') screen.value = { kind: 'joining', code };
  else setTimeout(() => waitVisibly(mine, code), PATIENCE_MS);
  tabs.announce(code);
  try {
    const opened = await openedSession();
    if (mine !== turn) return;
    if (opened.host !== undefined) await opened.beforeJoin(code);
    await opened.client.rename(name);
    await opened.client.join(code);
  } catch (error) {
    if (mine === turn) giveUp(leaveSentence(error instanceof Error ? error.message : String(error)));
  }
}

/** This tab's session, in no pool if it is new. Rejects with an Error that says what to do. */
export function openedSession(): Promise<Session> {
  opening ??= open().catch((error: unknown) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function open(): Promise<Session> {
  const { openSession } = await loadPoolPart().catch(() => {
    throw new Error('Part of this page did not arrive. Reload it and try again.');
  });
  const opened = await openSession(deviceNameText.value.trim());
  stale = screen.value.kind === 'pool';
  if (!stale) store.reset();
  session = opened;
  unsubscribe = opened.client.subscribe(onEvent);
  return opened;
}

/** This session is over without anybody's will: the next one goes on where it was. What is on screen stays meanwhile. */
export function loseSession(lost: Session): void {
  if (lost !== session) return;
  unsubscribe();
  opening = undefined;
}

/** Leaves the pool, back to the start screen. `last` is done then, before the session ends. */
export function leave(last?: (session: Session) => Promise<void>): void {
  saveCurrentPool(undefined);
  setFragment('');
  giveUp(undefined, undefined, last);
}

/** Calls this device `name` from now on: in the pool it is in at once, and in every later one. Rejects as PoolClient.rename does. */
export async function rename(name: string): Promise<void> {
  deviceNameText.value = name;
  saveName(name);
  await session?.client.rename(name);
}

/** The pool code in what was typed, pasted or followed; of a link that invites a device, that is noted until its pool is there. */
export function readCode(text: string): string | undefined {
  const invited = parseInvited(text);
  if (invited !== undefined) brought.set(invited.pool, { invitation: invited.token });
  const link = parseLinkInvitation(text);
  const code = link?.pool ?? parsePoolCode(invited?.pool ?? text);
  if (code !== undefined) poolPart.peek()?.host?.brings(text, code);
  if (link !== undefined || invitation.peek()?.pool !== code) invitation.value = link;
  return code;
}

/**
 * The server wants something first of who is on the way into `pool`: back to the start screen, which says what. False for a pool
 * that this tab is in: there it goes on without the server.
 */
export function stopAtDoor(pool: string, text: string): boolean {
  if (wanted !== pool || (screen.value.kind === 'pool' && store.pool.value === pool)) return false;
  giveUp(text, pool);
  return true;
}

/** The link that opens this pool. */
export function shareLink(): string {
  return poolLink(pageAddress(), store.pool.value);
}

/** The session of the pool on screen; undefined only while none is open. */
export function currentSession(): Session | undefined {
  return session;
}

function onEvent(event: PoolEvent): void {
  if (event.kind === 'left' && event.pool !== wanted) return;
  // Another window of the same host led it there.
  if (event.kind === 'joined' && session?.host !== undefined) wanted ??= event.pool;
  batch(() => {
    if (event.kind === 'joined' && stale) {
      stale = false;
      store.reset();
      visits.value += 1;
    }
    store.apply(event, Date.now(), session?.client.poolTimeMs);
  });
  if (event.kind === 'joined' && event.pool === wanted) {
    saveCurrentPool(event.pool);
    setFragment(event.pool);
    if (screen.value.kind !== 'pool') screen.value = { kind: 'pool' };
  } else if (event.kind === 'left') {
    const { pool, reason } = event;
    const device = session?.host === undefined ? session?.device : undefined;
    // Another window of the same host left it.
    if (reason === 'left') giveUp();
    else giveUp(leaveSentence(reason), pool);
    if (reason === 'revoked' && device !== undefined) void explainRevoked(device);
  }
}

/** Says so where it was this device's own person who revoked it: then no pool of this server lets it in again. */
async function explainRevoked(device: string): Promise<void> {
  const mine = turn;
  const text = await import('./account/revoked.ts').then(
    ({ whyRevoked }) => whyRevoked(device),
    () => undefined,
  );
  if (text !== undefined && mine === turn) screen.value = { kind: 'start', notice: { text } };
}

/** Another link in the address bar: the other pool when in one, the prefilled field when not. */
function onFragment(): void {
  const code = readCode(location.hash);
  if (code === undefined) return;
  if (code === wanted) setFragment(code);
  else if (wanted !== undefined) void join(code);
  else codeText.value = code;
}

function moveAside(pool: string): void {
  saveCurrentPool(undefined);
  giveUp(`You joined another pool in another tab, so this one left ${pool}.`, pool);
}

/** From pool to pool the old one stays on screen for a blink; if the new one takes longer, that shows. */
function waitVisibly(mine: number, code: string): void {
  if (mine === turn && store.pool.value !== code) screen.value = { kind: 'joining', code };
}

/** Ends the session and shows the start screen, with a notice if there is something to say. */
function giveUp(text?: string, rejoin?: string, last?: (session: Session) => Promise<void>): void {
  turn += 1;
  wanted = undefined;
  const ending = session;
  session = undefined;
  // One that is still on its way belongs to whoever asks next.
  if (ending !== undefined) opening = undefined;
  // What the old session still says while it closes is no longer about what is on screen.
  unsubscribe();
  const notice: Notice | undefined =
    text === undefined ? undefined : rejoin === undefined ? { text } : { text, rejoin };
  screen.value = notice === undefined ? { kind: 'start' } : { kind: 'start', notice };
  // The end of a session has no one left to tell: a failure here is only a socket that was gone already.
  if (ending !== undefined) close(ending, last).catch(() => undefined);
}

async function close(ending: Session, last: ((session: Session) => Promise<void>) | undefined): Promise<void> {
  if (last !== undefined) {
    await ending.client.leave();
    // What went wrong is to be seen where it began, and that is gone.
    await last(ending).catch(() => undefined);
  }
  await ending.close();
}
