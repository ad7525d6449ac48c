// The whole window takes dropped and pasted files; while something hovers, a veil says who would get it.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { offerFiles, refuseFolders } from '../actions.ts';
import { store } from '../app.ts';
import { listNames } from '../format.ts';
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
      take(event.dataTransfer);
    });
    on('paste', (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      void offerFiles(files.map(named));
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

function take(data: DataTransfer | null): void {
  if (data === null) return;
  const items = [...data.items].filter((item) => item.kind === 'file');
  const folders = items.filter((item) => item.webkitGetAsEntry()?.isDirectory === true);
  const files = items.filter((item) => !folders.includes(item)).flatMap((item) => item.getAsFile() ?? []);
  void offerFiles(files);
  if (folders.length > 0) refuseFolders(folders.length);
}

/** Browsers call every pasted picture image.png; the moment tells them apart. */
function named(file: File): File {
  if (file.name !== 'image.png') return file;
  const moment = new Date().toLocaleString('sv').replaceAll(':', '.');
  return new File([file], `Pasted ${moment}.png`, { type: file.type, lastModified: file.lastModified });
}
