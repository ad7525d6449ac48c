// The host's file chooser: places, the way down to a folder, what lies in it. Files and folders to be shared, or one folder.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { HostFace, Listing } from '../../src/remote/host-face.ts';
import { currentSession } from '../app.ts';
import { Button, Modal } from '../components/ui.tsx';
import { formatBytes } from '../format.ts';
import ui from '../styles/ui.module.css';
import { reason } from '../trouble.ts';
import { beginMarks, clicked, markedPaths, pressed, type Marks } from './chooser-model.ts';
import { ChooserRows, rowsIn } from './chooser-rows.tsx';
import { Crumbs, NewFolder, Places } from './chooser-way.tsx';
import styles from './chooser.module.css';
import { crumbsOf } from './folder-path.ts';
import { choosing, type Choosing } from './state.ts';

/** How long a folder may take before it shows that it is being read, ms. */
const PATIENCE_MS = 300;

export function ChooserDialog(): VNode {
  const now = choosing.value;
  return (
    <Modal open={now !== undefined} label={now?.title ?? ''} look={styles['chooser']} onClose={close}>
      {now !== undefined && <Chooser now={now} />}
    </Modal>
  );
}

function close(): void {
  choosing.value = undefined;
}

interface Place {
  readonly folder: string;
  readonly listing: Listing | undefined;
  /** Why it cannot be shown. */
  readonly problem: string;
}

function Chooser({ now }: { readonly now: Choosing }): VNode {
  const several = now.mode === 'things';
  const [place, setPlace] = useState<Place>({ folder: now.folder, listing: undefined, problem: '' });
  const [marks, setMarks] = useState<Marks>(() => beginMarks([], several));
  const [hidden, setHidden] = useState(false);
  const [waiting, setWaiting] = useState(true);
  const [making, setMaking] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const asked = useRef(0);

  const open = async (folder: string, from?: string, withHidden: boolean = hidden): Promise<void> => {
    asked.current += 1;
    const mine = asked.current;
    const patience = setTimeout(() => setWaiting(true), PATIENCE_MS);
    const next = await look(folder, withHidden);
    clearTimeout(patience);
    if (mine !== asked.current) return;
    const all = next.listing?.entries ?? [];
    const entries = several ? all : all.filter(({ kind }) => kind === 'folder');
    setPlace(next);
    setMarks(beginMarks(entries, several, from));
    setWaiting(false);
    setMaking(false);
    list.current?.focus({ preventScroll: true });
  };

  useEffect(() => void open(now.folder), []);
  useLayoutEffect(() => {
    list.current?.focus();
    // What is typed here is for nobody else on the page.
    frame.current?.addEventListener('keydown', (event) => event.stopPropagation());
  }, []);

  const chosen = markedPaths(marks);
  const choose = (): void => {
    const paths = chosen.length > 0 ? chosen.map(({ path }) => path) : [place.folder];
    close();
    now.onChosen(paths);
  };
  const up = (): void => {
    const parent = place.listing === undefined ? parentOf(place) : place.listing.parent;
    if (parent !== undefined) void open(parent, place.folder);
  };
  const onKey = (event: KeyboardEvent): void => {
    const { key, shiftKey: shift, altKey: alt } = event;
    const page = rowsIn(list.current);
    const press = { key, shift, ctrl: event.ctrlKey || event.metaKey, alt };
    const { marks: next, outcome } = pressed(marks, press, page, performance.now());
    if (outcome.kind === 'ignored') return;
    event.preventDefault();
    setMarks(next);
    if (outcome.kind === 'open') void open(outcome.path);
    if (outcome.kind === 'up') up();
    if (outcome.kind === 'choose') choose();
  };

  return (
    <div ref={frame} class={styles['frame']}>
      <div class={ui['dialogHead']}>
        <h2 class={styles['title']}>
          <bdi>{now.title}</bdi>
        </h2>
        <Button look="quiet" icon="close" label="Close" onClick={close} />
      </div>
      <Places folder={place.folder} onOpen={(folder) => void open(folder)} />
      <div class={styles['way']}>
        <Button
          look="quiet"
          small
          icon="up"
          label="Folder above"
          disabled={place.listing !== undefined && place.listing.parent === undefined}
          onClick={up}
        />
        <Crumbs folder={place.folder} onOpen={(folder) => void open(folder, place.folder)} />
        {now.mode === 'folder' && !making && (
          <Button look="quiet" small icon="plus" disabled={place.listing === undefined} onClick={() => setMaking(true)}>
            New folder
          </Button>
        )}
      </div>
      {making && (
        <NewFolder
          parent={place.folder}
          onMade={(path) => void open(path)}
          onClose={() => {
            setMaking(false);
            list.current?.focus();
          }}
        />
      )}
      <ChooserRows
        box={list}
        marks={marks}
        said={said(place, waiting, several)}
        cut={place.listing?.cut === true}
        onKey={onKey}
        onClick={(at, how) => setMarks(clicked(marks, at, how))}
        onOpen={(entry) => {
          if (entry.kind === 'folder') void open(entry.path);
          else choose();
        }}
      />
      <div class={styles['foot']}>
        <label class={styles['hidden']}>
          <input
            type="checkbox"
            checked={hidden}
            onChange={({ currentTarget: { checked } }) => {
              setHidden(checked);
              void open(place.folder, undefined, checked);
            }}
          />
          <span>Hidden files</span>
        </label>
        <p class={styles['sum']} role="status">
          {several && chosen.length > 0 && sumOf(chosen)}
        </p>
        <div class={styles['ways']}>
          <Button onClick={close}>Cancel</Button>
          <Button
            look={several && chosen.length === 0 ? 'plain' : 'primary'}
            disabled={place.listing === undefined}
            onClick={choose}
          >
            <span class={styles['verb']}>{verb(now.mode, chosen)}</span>
          </Button>
        </div>
      </div>
    </div>
  );
}

async function look(folder: string, hidden: boolean): Promise<Place> {
  const host: HostFace | undefined = currentSession()?.host;
  try {
    const listing = await host?.list(folder, hidden);
    return { folder: listing?.folder ?? folder, listing, problem: '' };
  } catch (error) {
    return { folder, listing: undefined, problem: reason(error) };
  }
}

/** Out of a folder that cannot be read. */
function parentOf({ folder }: Place): string | undefined {
  return crumbsOf(folder).at(-2)?.path;
}

/** In place of rows; '' where there are some. */
function said({ listing, problem }: Place, waiting: boolean, several: boolean): string {
  if (waiting) return 'Reading…';
  if (problem !== '') return problem;
  const none = several ? 'Nothing lies in here.' : 'No folders in here.';
  return listing?.entries.some(({ kind }) => several || kind === 'folder') === true ? '' : none;
}

type Chosen = Listing['entries'];

/** Folders are measured when they are looked at. */
function sumOf(chosen: Chosen): string {
  const files = chosen.filter(({ kind }) => kind === 'file');
  const bytes = files.reduce((sum, each) => sum + each.bytes, 0);
  const count = `${chosen.length.toLocaleString()} chosen`;
  return files.length === chosen.length ? `${count} · ${formatBytes(bytes)}` : count;
}

function verb(mode: Choosing['mode'], chosen: Chosen): string {
  const [first] = chosen;
  const act = mode === 'things' ? 'Share' : 'Use';
  if (first === undefined) return `${act} this folder`;
  return chosen.length === 1 ? `${act} “${first.name}”` : `${act} ${chosen.length.toLocaleString()} things`;
}
