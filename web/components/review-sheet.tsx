// What is about to be shared, looked at once more: what, how much, to whom, and what cannot go along.
import type { VNode } from 'preact';
import type { HostPath } from '../../src/remote/host-face.ts';
import { store } from '../app.ts';
import { assertNever } from '../assert.ts';
import type { Audience } from '../audience.ts';
import { cx } from '../cx.ts';
import { countOf, formatBytes, listNames } from '../format.ts';
import { dropReviewed, review, sendReviewed, type Review } from '../outbox.ts';
import { folderSummary, type Parcel } from '../parcels.ts';
import { audienceName } from '../recipients.ts';
import ui from '../styles/ui.module.css';
import { FileLine } from './file-line.tsx';
import styles from './review.module.css';
import { Button, Dialog } from './ui.tsx';

/** Files shown one by one; the rest is counted. */
const SHOWN = 5;

export function ReviewSheet(): VNode {
  const now = review.value;
  return (
    <Dialog open={now !== undefined} title="Share this?" onClose={dropReviewed}>
      {now !== undefined && <Sheet now={now} />}
    </Dialog>
  );
}

function Sheet({ now }: { readonly now: Review }): VNode {
  const bytes = now.parcels.reduce((sum, parcel) => sum + parcel.bytes, 0);
  return (
    <>
      <ul class={styles['parcels']} role="list">
        {now.parcels.map((parcel, at) => (
          <li key={at}>
            <Content parcel={parcel} />
          </li>
        ))}
      </ul>
      <p class={styles['reading']} role="status">
        {now.reading !== undefined &&
          `Reading ${now.reading.name}… ${now.reading.files === 0 ? '' : countOf(now.reading.files, 'file')}`}
      </p>
      {now.leftOutCount > 0 && <LeftOut sentences={now.leftOut} count={now.leftOutCount} />}
      <p class={cx(styles['to'], now.to !== undefined && styles['private'])}>
        <span>{recipients(now.to)}</span>
        <span class={styles['total']}>{formatBytes(bytes)}</span>
      </p>
      <div class={ui['actions']}>
        <Button
          look="primary"
          disabled={now.reading !== undefined || now.parcels.length === 0}
          onClick={() => {
            void sendReviewed();
          }}
        >
          Send
        </Button>
        <Button onClick={dropReviewed}>Cancel</Button>
      </div>
    </>
  );
}

function Content({ parcel }: { readonly parcel: Parcel }): VNode {
  switch (parcel.kind) {
    case 'folder':
      return <Folder parcel={parcel} />;
    case 'files':
      return <Files files={parcel.files.map(({ file }) => ({ name: file.name, bytes: file.size }))} />;
    case 'paths':
      return <Files files={parcel.things} />;
    default:
      return assertNever(parcel);
  }
}

function Folder({ parcel }: { readonly parcel: Extract<Parcel, { kind: 'folder' }> }): VNode {
  const { tree, files, folders, bytes } = parcel;
  const folder = { entries: files + folders, contentBytes: bytes };
  return <FileLine file={{ name: tree.name, bytes, folder }} inside={folderSummary(files, folders)} />;
}

interface FilesProps {
  readonly files: readonly Pick<HostPath, 'name' | 'bytes' | 'folder'>[];
}

function Files({ files }: FilesProps): VNode {
  const more = files.slice(SHOWN);
  const moreBytes = more.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <ul class={styles['files']} role="list">
      {files.slice(0, SHOWN).map(({ name, bytes, folder }, at) => (
        <li key={at}>
          {folder === undefined ? (
            <FileLine file={{ name, bytes }} />
          ) : (
            <FileLine
              file={{ name, bytes, folder: { entries: folder.files + folder.folders, contentBytes: bytes } }}
              inside={hostFolderSummary(folder)}
            />
          )}
        </li>
      ))}
      {more.length > 0 && (
        <li class={styles['more']}>
          and {countOf(more.length, 'more file')} · {formatBytes(moreBytes)}
        </li>
      )}
    </ul>
  );
}

/** What cannot go along is counted, not named: it is no file that anybody would miss. */
function hostFolderSummary({ files, folders, leftOut }: NonNullable<HostPath['folder']>): string {
  const summary = folderSummary(files, folders);
  return leftOut === 0 ? summary : `${summary} · without ${countOf(leftOut, 'link or device', 'links or devices')}`;
}

function LeftOut({ sentences, count }: { readonly sentences: readonly string[]; readonly count: number }): VNode {
  return (
    <details class={cx(ui['notice'], styles['leftOut'])}>
      <summary>{count === 1 ? '1 thing cannot be sent' : `${count.toLocaleString()} things cannot be sent`}</summary>
      <ul role="list">
        {sentences.map((sentence, at) => (
          <li key={at}>{sentence}</li>
        ))}
        {count > sentences.length && <li>and {(count - sentences.length).toLocaleString()} more</li>}
      </ul>
    </details>
  );
}

function recipients(to: Audience): string {
  if (to !== undefined) return `Only for ${audienceName(to)}`;
  const names = store.peers.value.map((peer) => peer.name);
  if (names.length === 0) return 'Nobody else is here yet: whoever joins is offered it.';
  return `To everyone in ${store.pool.value}: ${listNames(names, 4)}`;
}
