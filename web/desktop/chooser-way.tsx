// Where the chooser is and how to get elsewhere: places, the folders above, and a new folder.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { currentSession } from '../app.ts';
import { Icon } from '../components/icons.tsx';
import { Button } from '../components/ui.tsx';
import dialogs from '../components/dialogs.module.css';
import { reason } from '../trouble.ts';
import styles from './chooser.module.css';
import { crumbsOf } from './folder-path.ts';
import { about } from './state.ts';

interface WayProps {
  readonly folder: string;
  readonly onOpen: (folder: string) => void;
}

/** At the side, or one field where there is no room for that. */
export function Places({ folder, onOpen }: WayProps): VNode {
  const places = about.value?.places ?? [];
  const here = places.find(({ path }) => path === folder)?.path ?? '';
  return (
    <>
      <nav class={styles['places']} aria-label="Places">
        <ul role="list">
          {places.map(({ name, path }) => (
            <li key={path}>
              <button type="button" aria-current={path === here ? 'true' : undefined} onClick={() => onOpen(path)}>
                {name}
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <select
        class={styles['placesField']}
        aria-label="Places"
        value={here}
        onChange={({ currentTarget: { value } }) => {
          if (value !== '') onOpen(value);
        }}
      >
        {here === '' && <option value="">Places</option>}
        {places.map(({ name, path }) => (
          <option key={path} value={path}>
            {name}
          </option>
        ))}
      </select>
    </>
  );
}

export function Crumbs({ folder, onOpen }: WayProps): VNode {
  const crumbs = crumbsOf(folder);
  const row = useRef<HTMLOListElement>(null);
  // The end of the way is what matters.
  useLayoutEffect(() => {
    if (row.current !== null) row.current.scrollLeft = row.current.scrollWidth;
  }, [folder]);
  return (
    <nav class={styles['crumbs']} aria-label="Folders above">
      <ol ref={row}>
        {crumbs.map(({ name, path }, at) => (
          <li key={path}>
            {at > 0 && <Icon name="more" size={14} />}
            <button
              type="button"
              aria-current={at === crumbs.length - 1 ? 'location' : undefined}
              title={path}
              onClick={() => onOpen(path)}
            >
              <bdi>{name}</bdi>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

interface NewFolderProps {
  readonly parent: string;
  readonly onMade: (path: string) => void;
  readonly onClose: () => void;
}

export function NewFolder({ parent, onMade, onClose }: NewFolderProps): VNode {
  const [name, setName] = useState('');
  const [problem, setProblem] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const make = async (): Promise<void> => {
    try {
      const made = await currentSession()?.host?.makeFolder(parent, name.trim());
      if (made !== undefined) onMade(made);
    } catch (error) {
      setProblem(reason(error));
    }
  };
  return (
    <form
      class={styles['new']}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') void make();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        // One layer at a time.
        event.preventDefault();
        onClose();
      }}
    >
      <input
        ref={field}
        class={dialogs['input']}
        aria-label="Name of the new folder"
        aria-describedby="new-folder-hint"
        placeholder="Name of the new folder"
        value={name}
        maxLength={255}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          setName(event.currentTarget.value);
          setProblem('');
        }}
      />
      <Button type="submit" disabled={name.trim() === ''}>
        Create
      </Button>
      <Button look="quiet" onClick={onClose}>
        Cancel
      </Button>
      <p id="new-folder-hint" class={dialogs['hint']} role="alert">
        {problem}
      </p>
    </form>
  );
}
