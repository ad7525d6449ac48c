// The question an offer asks: all of it, some of it, nothing; and whether there is room for what is chosen.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { accept, decline } from '../actions.ts';
import { currentSession } from '../app.ts';
import type { OfferView } from '../../src/client.ts';
import { formatBytes } from '../format.ts';
import { isHosted } from '../hosted.ts';
import ui from '../styles/ui.module.css';
import { FileLine } from './file-line.tsx';
import { Files } from './files.tsx';
import styles from './offer.module.css';
import { Button } from './ui.tsx';

export function Answer({ view }: { readonly view: OfferView }): VNode {
  const { files } = view;
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set());
  const taken = files.filter(({ number }) => !left.has(number));
  const several = files.length > 1;
  const toggle = (number: number): void => {
    const next = new Set(left);
    if (!next.delete(number)) next.add(number);
    setLeft(next);
  };
  return (
    <>
      <Files
        count={files.length}
        line={(at) => {
          const file = files[at];
          if (file === undefined) return null;
          if (!several) return <FileLine file={file} />;
          return (
            <label class={styles['choice']}>
              <input type="checkbox" checked={!left.has(file.number)} onChange={() => toggle(file.number)} />
              <FileLine file={file} />
            </label>
          );
        }}
      />
      <Room bytes={taken.reduce((sum, { bytes }) => sum + bytes, 0)} several={several} />
      <div class={ui['actions']}>
        <Button
          look="primary"
          disabled={taken.length === 0}
          onClick={() => {
            if (left.size === 0) accept(view);
            else
              accept(
                view,
                taken.map(({ number }) => number),
              );
          }}
        >
          {!several
            ? 'Accept'
            : left.size === 0
              ? `Take all ${files.length}`
              : `Take ${taken.length} of ${files.length}`}
        </Button>
        <Button
          onClick={() => {
            decline(view.id);
          }}
        >
          Decline
        </Button>
      </div>
    </>
  );
}

/** Says beforehand that it will not fit, and how much is missing. Nothing while it does, or where nobody can tell. */
function Room({ bytes, several }: { readonly bytes: number; readonly several: boolean }): VNode | null {
  const [roomBytes, setRoomBytes] = useState(Infinity);
  useEffect(() => {
    let wanted = true;
    void freeBytes().then((free) => {
      if (wanted) setRoomBytes(free);
    });
    return () => {
      wanted = false;
    };
  }, []);
  if (bytes <= roomBytes) return null;
  return (
    <p class={styles['room']} role="status">
      It needs {formatBytes(bytes)}, and this browser has room for {formatBytes(roomBytes)}. Make some room
      {several ? ', or take less.' : ' first.'}
    </p>
  );
}

/** What this page may still store, with what the store would let go of for it. */
async function freeBytes(): Promise<number> {
  // Its room is not the disk's that a host writes to.
  if (isHosted()) return Infinity;
  try {
    const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
    const kept = (await currentSession()?.store?.kept()) ?? [];
    const givesWay = kept.reduce((sum, { pinned, verifiedBytes }) => sum + (pinned ? 0 : verifiedBytes), 0);
    return Math.max(0, quota - usage + givesWay);
  } catch {
    return Infinity;
  }
}
