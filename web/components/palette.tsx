// Everything kept, to be searched from the keyboard: rooms, people, pools and messages; or the saved messages alone.
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { currentSession, store } from '../app.ts';
import type { FoundView } from '../../src/io/talk-face.ts';
import { assertNever } from '../assert.ts';
import { goTo, pools, refreshPools } from '../pools.ts';
import { closeDialog, dialog, tab } from '../pool-view.ts';
import { listedRooms, roomTitle } from '../rooms.ts';
import { holds, nearby, typedPool, wordsIn, type Found } from '../search.ts';
import { openRoom, openWhisper, talk } from '../talk.ts';
import { reason } from '../trouble.ts';
import { Icon } from './icons.tsx';
import { PaletteLine } from './palette-line.tsx';
import styles from './palette.module.css';
import { Modal } from './ui.tsx';
import { people } from '../recipients.ts';

/** Messages read at a time. */
const PAGE = 30;
/** How long typing rests before messages are searched, milliseconds. */
const SEARCH_AFTER_MS = 120;

export function Palette(): VNode {
  const layer = dialog.value;
  const open = layer?.kind === 'palette';
  const saved = open && layer.saved;
  return (
    <Modal open={open} label={saved ? 'Saved messages' : 'Search'} look={styles['palette']} onClose={closeDialog}>
      <Search key={String(saved)} saved={saved} />
    </Modal>
  );
}

function Search({ saved }: { readonly saved: boolean }): VNode {
  const [query, setQuery] = useState('');
  const [limit, setLimit] = useState(PAGE);
  const [active, setActive] = useState(0);
  const words = wordsIn(query);
  const { messages, problem } = useMessages(query, limit, saved);
  const around = useAround(query, words);
  const found: readonly Found[] = [
    ...(saved ? [] : around),
    ...messages.map((each): Found => ({ kind: 'message', key: `${each.pool}/${each.message.id}`, found: each })),
  ];
  const at = Math.min(active, found.length - 1);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => void refreshPools(), []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setActive((at + step + found.length) % found.length);
    }
    const chosen = found[at];
    if (event.key === 'Enter' && chosen !== undefined) {
      event.preventDefault();
      open(chosen);
    }
  };
  return (
    <>
      <div class={styles['head']}>
        <Icon name={saved ? 'keep' : 'search'} />
        <input
          type="text"
          class={styles['query']}
          role="combobox"
          aria-label={saved ? 'Search saved messages' : 'Search messages, people, rooms and pools'}
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={found[at] === undefined ? undefined : `found-${at}`}
          aria-autocomplete="list"
          placeholder={saved ? 'Saved messages' : 'Search messages, people, rooms, pools'}
          autocomplete="off"
          spellcheck={false}
          enterkeyhint="go"
          value={query}
          autofocus
          onInput={(event) => {
            setQuery(event.currentTarget.value);
            setActive(0);
            setLimit(PAGE);
          }}
          onKeyDown={onKey}
        />
      </div>
      <div ref={list} id="palette-list" class={styles['list']} role="listbox" aria-label="Found">
        {found.map((each, place) => (
          <PaletteLine
            key={each.key}
            id={`found-${place}`}
            found={each}
            words={words}
            heading={headingOf(each, found[place - 1], saved)}
            active={place === at}
            onPoint={() => setActive(place)}
            onOpen={() => open(each)}
          />
        ))}
      </div>
      <p class={styles['said']} role="status">
        {problem ?? sentence(saved, words.length > 0, found.length)}
      </p>
      {messages.length >= limit && (
        <button type="button" class={styles['further']} onClick={() => setLimit(limit + PAGE)}>
          Show older ones
        </button>
      )}
    </>
  );
}

function sentence(saved: boolean, asked: boolean, count: number): string | undefined {
  if (count > 0) return undefined;
  if (saved && !asked) return 'Nothing saved yet. Messages you save are kept on this device and listed here.';
  return 'Nothing found.';
}

const headings: Readonly<Record<Found['kind'], string>> = {
  room: 'Rooms',
  person: 'People',
  pool: 'Pools',
  message: 'Messages',
};

/** Above the first of a kind. */
const headingOf = (each: Found, before: Found | undefined, saved: boolean): string | undefined =>
  saved || each.kind === before?.kind ? undefined : headings[each.kind];

function open(found: Found): void {
  switch (found.kind) {
    case 'room':
      closeDialog();
      tab.value = 'chat';
      openRoom(found.room.id);
      return;
    case 'person':
      closeDialog();
      tab.value = 'chat';
      openWhisper([found.person.account]);
      return;
    case 'pool':
      goTo({ pool: found.pool });
      return;
    case 'message':
      goTo({ pool: found.found.pool, message: found.found.message.id });
      return;
    default:
      assertNever(found);
  }
}

/** Rooms, people and pools by their names. */
function useAround(query: string, words: readonly string[]): readonly Found[] {
  const { rooms, known } = useComputed(() => ({
    rooms: listedRooms(talk.rooms.value, talk.room.value).map((room) => ({
      room,
      title: roomTitle(room, talk.self.value.account, (account) => talk.nameOf(account)),
    })),
    known: pools.value.map(({ pool }) => pool).filter((pool) => pool !== store.pool.value),
  })).value;
  const around = nearby({ rooms, people: people.value, pools: known }, words);
  return [...around, ...typedPool(query, [store.pool.value, ...known])];
}

interface Messages {
  readonly messages: readonly FoundView[];
  readonly problem: string | undefined;
}

/** What was said and holds all words of the query. */
function useMessages(query: string, limit: number, saved: boolean): Messages {
  const [read, setRead] = useState<Messages>({ messages: [], problem: undefined });
  useEffect(() => {
    let wanted = true;
    const look = async (): Promise<void> => {
      const next = await find(query, limit, saved);
      if (wanted) setRead(next);
    };
    const timer = setTimeout(() => void look(), query === '' ? 0 : SEARCH_AFTER_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [query, limit, saved]);
  return read;
}

async function find(query: string, limit: number, saved: boolean): Promise<Messages> {
  const history = currentSession()?.client.talkHistory;
  const words = wordsIn(query);
  if (history === undefined || (!saved && words.length === 0)) return { messages: [], problem: undefined };
  try {
    const found = saved ? await history.saved(limit) : await history.search(query, limit);
    return { messages: found.filter(({ message }) => holds(message.text, words)), problem: undefined };
  } catch (error) {
    return { messages: [], problem: `Could not search: ${reason(error)}` };
  }
}
