// One file or folder of an offer: a small picture of it or a leaf with its kind, its name (isolated, whatever direction it
// is written in), its size.
import type { ComponentChildren, VNode } from 'preact';
import type { OfferView } from '../../src/client.ts';
import { cx } from '../cx.ts';
import { countOf, formatBytes } from '../format.ts';
import { Icon } from './icons.tsx';
import styles from './offer.module.css';
import { Thumbnail } from './thumbnail.tsx';

interface FileLineProps {
  readonly file: OfferFileView;
  readonly id?: string;
  /** What a folder holds, where more is known than how many entries. */
  readonly inside?: string;
  readonly action?: ComponentChildren;
  readonly children?: ComponentChildren;
}

type OfferFileView = Omit<OfferView['files'][number], 'number'>;

export function FileLine({ file, id, inside, action, children }: FileLineProps): VNode {
  const { name, bytes, folder, thumbnail } = file;
  return (
    <div class={styles['file']}>
      {thumbnail === undefined ? (
        <span class={cx(styles['leaf'], folder !== undefined && styles['folder'])} aria-hidden="true">
          {folder === undefined ? extension(name) : <Icon name="folder" />}
        </span>
      ) : (
        <Thumbnail image={thumbnail} />
      )}
      <div class={styles['about']}>
        <p class={styles['fileHead']}>
          <bdi id={id} class={styles['fileName']} title={name}>
            {name}
          </bdi>
          <span class={styles['size']}>{formatBytes(folder?.contentBytes ?? bytes)}</span>
        </p>
        {folder !== undefined && (
          <p class={styles['inside']}>{inside ?? `Folder · ${countOf(folder.entries, 'item')}`}</p>
        )}
        {children}
      </div>
      {action}
    </div>
  );
}

/** Up to four letters that say what kind of file it is; nothing for a name without them. */
function extension(name: string): string {
  return /\.([a-z0-9]{1,4})$/i.exec(name)?.[1]?.toLowerCase() ?? '';
}
