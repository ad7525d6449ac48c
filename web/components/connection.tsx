// How the connection to one device is doing, measured anew every second while it is shown.
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { LinkReport, PeerView } from '../../src/client.ts';
import { currentSession } from '../app.ts';
import { linkFigures } from '../link-figures.ts';
import styles from './connection.module.css';

export function Connection({ peer }: { readonly peer: PeerView }): VNode {
  const report = useSignal<LinkReport | undefined>(undefined);
  useEffect(
    () =>
      currentSession()?.client.stats(({ links }) => {
        report.value = links.find((link) => link.peer === peer.id);
      }),
    [peer.id, report],
  );
  return (
    <dl class={styles['figures']}>
      {linkFigures(peer.path, report.value).map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
