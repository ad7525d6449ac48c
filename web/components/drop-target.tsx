// The whole window takes dropped and pasted files; while something hovers, a veil says who would get it. The list of people stays in
// sight, because what is dropped on somebody is for them alone.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { store } from '../app.ts';
import type { Audience } from '../audience.ts';
import { cx } from '../cx.ts';
import { listNames } from '../format.ts';
import { review, takeDropped, takePasted } from '../outbox.ts';
import { tab } from '../pool-view.ts';
import { audienceHere, audienceName, audienceOfPerson, hovered } from '../recipients.ts';
import styles from './drop.module.css';
import { Icon } from './icons.tsx';

export function DropTarget(): VNode | null {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  useEffect(() => {
    const stop = new AbortController();
    const on = <Kind extends keyof WindowEventMap>(kind: Kind, act: (event: WindowEventMap[Kind]) => void): void => {
      window.addEventListener(kind, act, { signal: stop.signal });
    };
    on('dragenter', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      // Entering a child and leaving its parent come as a pair, in this order: only the count tells leaving the window.
      depth.current += 1;
      setOver(true);
    });
    on('dragover', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      hovered.value = personAt(event);
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'copy';
    });
    on('dragleave', (event) => {
      if (!hasFiles(event)) return;
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current > 0) return;
      setOver(false);
      hovered.value = undefined;
    });
    on('drop', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      hovered.value = personAt(event);
      const to = audienceNow();
      hovered.value = undefined;
      if (event.dataTransfer !== null) takeDropped(event.dataTransfer, to);
    });
    on('paste', (event) => {
      if (event.clipboardData === null || event.clipboardData.files.length === 0) return;
      event.preventDefault();
      takePasted(event.clipboardData, audienceNow());
    });
    return () => {
      stop.abort();
      hovered.value = undefined;
    };
  }, []);
  if (!over) return null;
  const to = audienceNow();
  return (
    <div class={cx(styles['veil'], tab.value === 'people' && styles['beside'])}>
      <div class={cx(styles['well'], to !== undefined && styles['private'])}>
        <Icon name={to === undefined ? 'down' : 'whisper'} size={32} />
        <p class={styles['to']}>
          {to === undefined ? 'Share with' : 'Only for'} <bdi>{audienceName(to)}</bdi>
        </p>
        <p class={styles['names']}>{to === undefined ? <Everyone /> : 'Nobody else sees or gets it.'}</p>
      </div>
    </div>
  );
}

function Everyone(): VNode {
  const names = store.peers.value.map((peer) => peer.name);
  return names.length === 0 ? (
    <>Nobody else is here yet: whoever joins is offered it.</>
  ) : (
    <>
      <bdi>{listNames(names, 4)}</bdi>. On somebody’s name: for them alone.
    </>
  );
}

/** For whom it is if it is dropped or pasted now. What lies ready to be sent keeps those it is for. */
function audienceNow(): Audience {
  if (review.value !== undefined) return review.value.to;
  return hovered.value === undefined ? audienceHere() : audienceOfPerson(hovered.value);
}

/** Whose row this is over. */
function personAt({ target }: DragEvent): string | undefined {
  return target instanceof Element ? target.closest<HTMLElement>('[data-person]')?.dataset['person'] : undefined;
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') === true;
}
