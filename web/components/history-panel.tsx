// What went in and out before, in every pool: to search, to save or send once more, to delete. And what is half here.
import type { VNode } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sendAgain } from '../actions.ts';
import { currentSession, store } from '../app.ts';
import { cx } from '../cx.ts';
import type { History, HistoryRecord } from '../../src/io/history.ts';
import type { HostOffer } from '../../src/remote/host-face.ts';
import type { HostedSession } from '../desktop/session.ts';
import { countOf, formatBytes, formatMoment } from '../format.ts';
import { historyVersion } from '../history.ts';
import { readable } from '../own-offers.ts';
import { pastSentence } from '../sentences.ts';
import type { BrowserSession } from '../session.ts';
import { told } from '../talk.ts';
import { reason, trouble } from '../trouble.ts';
import { HalfHere } from './half-here.tsx';
import { Icon } from './icons.tsx';
import { SaveActions, SaveState } from './save-actions.tsx';
import styles from './history.module.css';
import rows from './rows.module.css';
import { Button } from './ui.tsx';

/** Lines read at a time. */
const PAGE = 50;
/** How long typing rests before the history is searched, milliseconds. */
const SEARCH_AFTER_MS = 150;

interface Found {
  readonly records: readonly HistoryRecord[];
  /** Locations of what is whole and still here. */
  readonly here: ReadonlySet<string>;
  /** Offers it again; by sameAs. */
  readonly again: ReadonlyMap<string, () => Promise<unknown>>;
}

export function HistoryPanel(): VNode {
  const query = useSignal('');
  const shown = useSignal(PAGE);
  const read = useSignal<Found | undefined>(undefined);
  const changes = historyVersion.value;
  const { value: text } = query;
  const { value: limit } = shown;
  useEffect(() => {
    let wanted = true;
    const look = async (): Promise<void> => {
      const found = await find(text.trim(), limit);
      if (wanted) read.value = found;
    };
    const timer = setTimeout(() => void look(), read.peek() === undefined ? 0 : SEARCH_AFTER_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [text, limit, changes]);
  if (read.value === undefined) return <p class={rows['empty']} role="status" />;
  const { records, here, again } = read.value;
  return (
    <>
      <div class={styles['bar']}>
        <input
          type="search"
          class={styles['search']}
          aria-label="Search the history"
          placeholder="Search by name, person or pool"
          value={text}
          onInput={(event) => {
            query.value = event.currentTarget.value;
            shown.value = PAGE;
          }}
        />
        {records.length > 0 && text === '' && <Clear />}
      </div>
      <p class={rows['empty']} role="status">
        {records.length === 0 &&
          (text === ''
            ? 'Nothing here yet. What you send and receive is listed here, on this device only.'
            : 'Nothing found.')}
      </p>
      {text === '' && <HalfHere />}
      <ul role="list" aria-label="History">
        {records.map((record) => (
          <Line
            key={record.id}
            record={record}
            here={record.location !== undefined && here.has(record.location)}
            again={record.direction === 'out' ? again.get(sameAs(record)) : undefined}
          />
        ))}
      </ul>
      {records.length >= limit && (
        <Button
          look="quiet"
          small
          onClick={() => {
            shown.value += PAGE;
          }}
        >
          Show more
        </Button>
      )}
    </>
  );
}

async function find(query: string, limit: number): Promise<Found> {
  const session = currentSession();
  try {
    if (session?.host !== undefined) return await searchHost(session, query, limit);
    if (session !== undefined) return await search(session, query, limit);
  } catch {
    // As if nothing were there: the history hinders nobody.
  }
  return { records: [], here: new Set(), again: new Map() };
}

async function search(session: BrowserSession, query: string, limit: number): Promise<Found> {
  const { history } = session.store;
  const [records, files, stored] = await Promise.all([
    history.list(query, limit),
    session.store.kept(),
    readable(session),
  ]);
  return {
    records,
    here: new Set(files.filter(({ finished }) => finished).map(({ location }) => location)),
    // The newest of several stands last and wins.
    again: new Map(
      stored
        .toReversed()
        .flatMap((one) => one.records.map((record) => [sameAs(record), () => sendAgain(one)] as const)),
    ),
  };
}

/** Whether what arrived still lies where it was put is found out when it is to be shown. */
async function searchHost({ client, host }: HostedSession, query: string, limit: number): Promise<Found> {
  const [records, stored] = await Promise.all([host.history.list(query, limit), host.offers()]);
  return {
    records,
    here: new Set(records.flatMap(({ location }) => (location === undefined ? [] : [location]))),
    again: new Map(
      records.flatMap((record) => {
        const one = offerOf(record, stored);
        return one === undefined
          ? []
          : [[sameAs(record), () => told(client.offer([one.path], { to: one.to }))] as const];
      }),
    ),
  };
}

/** The newest; of folders, which are measured in more than one way, the only one of that name. */
function offerOf({ name, bytes, entries }: HistoryRecord, stored: readonly HostOffer[]): HostOffer | undefined {
  const named = stored.filter((one) => one.name === name);
  if (entries === undefined) return named.find((one) => one.bytes === bytes);
  return new Set(named.map(({ path }) => path)).size === 1 ? named[0] : undefined;
}

/** Equal for a line of the history and what is stored of the same offer. */
const sameAs = ({ name, bytes }: { readonly name: string; readonly bytes: number }): string => `${bytes} ${name}`;

interface LineProps {
  readonly record: HistoryRecord;
  /** Whether all of it is still here. */
  readonly here: boolean;
  /** Offers it again, where that can be. */
  readonly again: (() => Promise<unknown>) | undefined;
}

function Line({ record, here, again }: LineProps): VNode {
  const { id, name, bytes, direction, peerName, pool, startedMs, entries, location } = record;
  const label = `past-${id}`;
  const arrived =
    here && location !== undefined ? { name, location, ...(entries !== undefined && { folder: true }) } : undefined;
  const under = useUnderWay(record);
  return (
    <li class={styles['line']}>
      <p class={styles['top']}>
        <Icon name={direction === 'in' ? 'down' : 'up'} size={14} />
        <bdi id={label} class={rows['name']} title={name}>
          {name}
        </bdi>
        <span class={rows['size']}>{formatBytes(bytes)}</span>
      </p>
      <p class={rows['fact']}>
        {direction === 'in' ? 'from' : 'to'} <bdi>{peerName}</bdi> in <bdi>{pool}</bdi> ·{' '}
        <time dateTime={new Date(startedMs).toISOString()}>{formatMoment(startedMs, Date.now())}</time>
      </p>
      <div class={rows['foot']}>
        <p class={rows['fact']}>
          {under ? 'Under way' : pastSentence(record)}
          {entries !== undefined && ` · ${countOf(entries, 'item')}`}
        </p>
        <div class={cx(rows['ways'], styles['ways'])}>
          {arrived !== undefined && <SaveActions arrived={arrived} describedBy={label} look="plain" />}
          {again !== undefined && !under && (
            <Button
              small
              describedBy={label}
              onClick={() => {
                void again();
              }}
            >
              Send again
            </Button>
          )}
          {!under && (
            <Button
              look="quiet"
              small
              icon="bin"
              label={`Delete ${name} from the history`}
              onClick={() => void remove(id)}
            />
          )}
        </div>
      </div>
      {arrived !== undefined && <SaveState location={arrived.location} />}
    </li>
  );
}

/** Whether it still goes on in this tab. */
function useUnderWay({ end, name, direction, peerName }: HistoryRecord): boolean {
  if (end !== undefined) return false;
  return store.transfers.value.some(({ state, view }) => {
    const now = view.peek();
    return state.value !== 'ended' && now.name === name && now.direction === direction && now.peerName === peerName;
  });
}

/** Asks once more: what is cleared does not come back. */
function Clear(): VNode {
  const asked = useSignal(false);
  if (!asked.value) {
    return (
      <Button look="quiet" small onClick={() => (asked.value = true)}>
        Clear
      </Button>
    );
  }
  return (
    <div class={styles['sure']} role="group" aria-label="Clear the whole history?">
      <Button small onClick={() => void clear()}>
        Clear all
      </Button>
      <Button look="quiet" small onClick={() => (asked.value = false)}>
        Keep
      </Button>
    </div>
  );
}

async function clear(): Promise<void> {
  await change((history) => history.clear());
}

async function remove(id: string): Promise<void> {
  await change((history) => history.remove([id]));
}

async function change(how: (history: Pick<History, 'remove' | 'clear'>) => Promise<void>): Promise<void> {
  const session = currentSession();
  if (session === undefined) return;
  try {
    await how((session.host ?? session.store).history);
  } catch (error) {
    trouble.value = reason(error);
  }
  historyVersion.value += 1;
}
