// The whole window takes dropped and pasted files; while something hovers, a veil says who would get it.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { store } from '../app.ts';
import { listNames } from '../format.ts';
import { takeDropped, takePasted } from '../outbox.ts';
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
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'copy';
    });
    on('dragleave', (event) => {
      if (!hasFiles(event)) return;
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    });
    on('drop', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      if (event.dataTransfer !== null) takeDropped(event.dataTransfer);
    });
    on('paste', (event) => {
      if (event.clipboardData === null || event.clipboardData.files.length === 0) return;
      event.preventDefault();
      takePasted(event.clipboardData);
    });
    return () => {
      stop.abort();
    };
  }, []);
  if (!over) return null;
  const names = store.peers.value.map((peer) => peer.name);
  return (
    <div class={styles['veil']}>
      <div class={styles['well']}>
        <Icon name="down" size={32} />
        <p class={styles['to']}>Share with everyone in {store.pool.value}</p>
        <p class={styles['names']}>
          {names.length === 0 ? (
            'Nobody else is here yet: whoever joins is offered it.'
          ) : (
            <bdi>{listNames(names, 4)}</bdi>
          )}
        </p>
      </div>
    </div>
  );
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') === true;
}
