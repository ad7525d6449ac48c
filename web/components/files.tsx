// The files of an offer one below the other; a long list opens on demand.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { countOf } from '../format.ts';
import styles from './offer.module.css';

/** Files shown at first. */
const SHOWN = 6;

interface FilesProps {
  readonly count: number;
  readonly line: (at: number) => VNode | null;
}

export function Files(props: FilesProps): VNode {
  const [all, setAll] = useState(props.count <= SHOWN + 1);
  const shown = all ? props.count : SHOWN;
  return (
    <>
      <ul class={styles['files']} role="list">
        {Array.from({ length: shown }, (_, at) => (
          <li key={at}>{props.line(at)}</li>
        ))}
      </ul>
      {!all && (
        <button
          type="button"
          class={styles['all']}
          onClick={() => {
            setAll(true);
          }}
        >
          Show all {countOf(props.count, 'file')}
        </button>
      )}
    </>
  );
}
