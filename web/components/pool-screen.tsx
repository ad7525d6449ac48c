// The pool: people, conversation, transfers; three columns, or three tabs where there is little room.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { store } from '../app.ts';
import { cx } from '../cx.ts';
import { dropReviewed } from '../outbox.ts';
import { dialog, guardUnload, keepAwake, keepTitle, keepUnseen, tab, unread, type Tab } from '../pool-view.ts';
import { audienceHere } from '../recipients.ts';
import { listedRooms, roomBeside } from '../rooms.ts';
import { openRoom, talk } from '../talk.ts';
import { Announcer } from './announcer.tsx';
import { Choosers, openFileChooser } from './attach.tsx';
import { Banner } from './banner.tsx';
import { Composer } from './composer.tsx';
import { Conversation } from './conversation.tsx';
import { Dialogs } from './dialogs.tsx';
import { DropTarget } from './drop-target.tsx';
import { Icon, type IconName } from './icons.tsx';
import styles from './pool.module.css';
import { PoolHeader } from './pool-header.tsx';
import { ReviewSheet } from './review-sheet.tsx';
import { Side } from './side.tsx';
import { Transfers } from './transfers.tsx';

export function PoolScreen(): VNode {
  useEffect(() => {
    const stops = [keepTitle(), keepAwake(), keepUnseen()];
    window.addEventListener('beforeunload', guardUnload);
    window.addEventListener('keydown', onKey);
    return () => {
      for (const stop of stops) stop();
      window.removeEventListener('beforeunload', guardUnload);
      window.removeEventListener('keydown', onKey);
      dialog.value = undefined;
      dropReviewed();
      tab.value = 'chat';
    };
  }, []);
  const shown = tab.value;
  return (
    <div class={styles['screen']}>
      <div class={styles['columns']}>
        <aside
          id="side"
          class={cx(styles['side'], shown !== 'people' && styles['away'])}
          aria-label="Pool and who is in it"
          tabIndex={-1}
        >
          <Side />
        </aside>
        <main id="chat" class={cx(styles['center'], shown !== 'chat' && styles['away'])} tabIndex={-1}>
          <PoolHeader />
          <Banner />
          <Conversation key={store.pool.value} />
          <Composer key={`composer-${store.pool.value}`} />
        </main>
        <section
          id="transfers"
          class={cx(styles['flows'], shown !== 'transfers' && styles['away'])}
          aria-label="Transfers"
          tabIndex={-1}
        >
          <Transfers />
        </section>
      </div>
      <Tabs />
      <Announcer />
      <Choosers />
      <DropTarget />
      <ReviewSheet />
      <Dialogs />
    </div>
  );
}

const tabs: readonly { readonly id: Tab; readonly label: string; readonly icon: IconName; readonly panel: string }[] = [
  { id: 'chat', label: 'Chat', icon: 'chat', panel: 'chat' },
  { id: 'people', label: 'People', icon: 'people', panel: 'side' },
  { id: 'transfers', label: 'Transfers', icon: 'flow', panel: 'transfers' },
];

function Tabs(): VNode {
  const running = store.transfers.value.filter((transfer) => transfer.state.value === 'running').length;
  const counts: Readonly<Record<Tab, number>> = {
    chat: unread.value,
    people: store.peers.value.length,
    transfers: running,
  };
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const at = tabs.findIndex(({ id }) => id === tab.value);
    const next = tabs[at + step];
    if (step === 0 || next === undefined) return;
    tab.value = next.id;
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div class={styles['tabs']} role="tablist" aria-label="Parts of the pool">
      {tabs.map(({ id, label, icon, panel }) => (
        <button
          key={id}
          id={`tab-${id}`}
          type="button"
          role="tab"
          class={styles['tab']}
          aria-selected={tab.value === id}
          aria-controls={panel}
          tabIndex={tab.value === id ? 0 : -1}
          onKeyDown={move}
          onClick={() => {
            tab.value = id;
          }}
        >
          <span class={styles['tabIcon']}>
            <Icon name={icon} size={22} />
            {counts[id] > 0 && (
              <span class={cx(styles['badge'], id === 'chat' && styles['urgent'])} aria-hidden="true">
                {counts[id] > 99 ? '99+' : counts[id]}
              </span>
            )}
          </span>
          {label}
        </button>
      ))}
    </div>
  );
}

const regions: readonly { readonly id: string; readonly tab: Tab }[] = tabs.map(({ id, panel }) => ({
  id: panel,
  tab: id,
}));

function onKey(event: KeyboardEvent): void {
  if (event.key === 'F6') {
    event.preventDefault();
    const at = regions.findIndex(({ id }) => document.getElementById(id)?.contains(document.activeElement));
    const next = regions[(at + (event.shiftKey ? regions.length - 1 : 1)) % regions.length] ?? regions[0];
    if (next === undefined) return;
    tab.value = next.tab;
    // The tab's panel appears with the next rendering; only what is shown can take the focus.
    requestAnimationFrame(() => document.getElementById(next.id)?.focus());
    return;
  }
  if (event.key.toLowerCase() === 'u' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    // What is written in a zone is for its people; files are for everyone, and do not go out from there.
    if (talk.current.peek()?.kind !== 'zone') openFileChooser(audienceHere());
    return;
  }
  const letter = event.key.toLowerCase();
  if (letter === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    dialog.value = { kind: 'palette', saved: false };
    return;
  }
  if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown') && dialog.value === undefined) {
    event.preventDefault();
    const rooms = listedRooms(talk.rooms.peek(), talk.room.peek());
    const next = roomBeside(rooms, talk.room.peek(), event.key === 'ArrowUp' ? -1 : 1);
    if (next !== undefined) openRoom(next);
    return;
  }
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  if (typing || dialog.value !== undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '?') dialog.value = { kind: 'help' };
  if (event.key === '/') {
    event.preventDefault();
    dialog.value = { kind: 'palette', saved: false };
  }
}
