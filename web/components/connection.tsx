// How the connection to one person is doing, below their row, measured anew every second while it is open. Esc closes it.
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { LinkReport, PeerView } from '../../src/client.ts';
import { currentSession } from '../app.ts';
import { linkFigures } from '../link-figures.ts';
import { dialog } from '../pool-view.ts';
import styles from './connection.module.css';

interface ConnectionProps {
  readonly id: string;
  readonly peer: PeerView;
  readonly onClose: () => void;
}

export function Connection({ id, peer, onClose }: ConnectionProps): VNode {
  const report = useSignal<LinkReport | undefined>(undefined);
  useEffect(
    () =>
      currentSession()?.client.stats(({ links }) => {
        report.value = links.find((link) => link.peer === peer.id);
      }),
    [peer.id, report],
  );
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      // A dialog above it is what Esc closes; and with letters being composed it belongs to those.
      if (event.key === 'Escape' && !event.isComposing && dialog.peek() === undefined) onClose();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [onClose]);
  return (
    <div id={id} role="group" aria-label={`Connection to ${peer.name}`}>
      <dl class={styles['figures']}>
        {linkFigures(peer.path, report.value).map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
