// What can be done with what has arrived: save a file, save a folder as one archive or unpack it into a real folder.
import type { VNode } from 'preact';
import { poolPart } from '../app.ts';
import { cx } from '../cx.ts';
import { countOf, formatBytes } from '../format.ts';
import { isHosted } from '../hosted.ts';
import { canUnpack, save, unpack, unpacking, type Arrived } from '../saving.ts';
import type { TransferState } from '../state.ts';
import styles from './offer.module.css';
import { Button } from './ui.tsx';

interface SaveActionsProps {
  readonly arrived: Arrived;
  readonly describedBy: string;
  readonly look?: 'primary' | 'plain';
}

export function SaveActions({ arrived, describedBy, look = 'primary' }: SaveActionsProps): VNode {
  const onSave = (): void => void save(arrived);
  const Show = poolPart.value?.host?.ShowInFolder;
  if (Show !== undefined) {
    return (
      <div class={cx(look === 'primary' && styles['saves'])}>
        <Show location={arrived.location} describedBy={describedBy} />
      </div>
    );
  }
  if (arrived.folder === undefined) {
    return (
      <Button look={look} small describedBy={describedBy} onClick={onSave}>
        Save
      </Button>
    );
  }
  const busy = unpacking.value.get(arrived.location)?.state === 'running';
  return (
    <div class={styles['saves']}>
      {canUnpack() && (
        <Button
          look={look}
          small
          describedBy={describedBy}
          disabled={busy}
          onClick={() => {
            void unpack(arrived);
          }}
        >
          Save to folder…
        </Button>
      )}
      <Button look={canUnpack() ? 'plain' : look} small describedBy={describedBy} onClick={onSave}>
        Save .tar
      </Button>
    </div>
  );
}

/** How far the unpacking is; where it went. */
export function SaveState({ location }: { readonly location: string }): VNode {
  const state = unpacking.value.get(location);
  return (
    <p class={styles['note']} role="status">
      {state?.state === 'running' && `Unpacking… ${countOf(state.files, 'file')} · ${formatBytes(state.bytes)}`}
      {state?.state === 'done' && `Saved in “${state.name}”.`}
    </p>
  );
}

/** Hands all of them to the browser's downloads, which asks once whether it may take several. */
export function SaveAll({ transfers }: { readonly transfers: readonly TransferState[] }): VNode | null {
  if (isHosted()) return null;
  return (
    <Button
      small
      onClick={() => {
        void (async () => {
          for (const { view } of transfers) {
            const { location, ...facts } = view.peek();
            if (location !== undefined) await save({ ...facts, location });
          }
        })();
      }}
    >
      Save all {transfers.length}
    </Button>
  );
}
