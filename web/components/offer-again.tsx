// What was offered before the page was loaded anew and is not on offer now: one press offers it again.
import type { VNode } from 'preact';
import { sendAgain } from '../actions.ts';
import { currentSession } from '../app.ts';
import { meantFor, dismissLapsed, lapsed, type Lapsed } from '../own-offers.ts';
import { audienceName } from '../recipients.ts';
import { trouble } from '../trouble.ts';
import { openFileChooser } from './attach.tsx';
import styles from './composer.module.css';
import { Button } from './ui.tsx';

/** Lines shown at most; the next comes as one goes. */
const SHOWN = 2;

export function OfferAgain(): VNode | null {
  if (lapsed.value.length === 0) return null;
  return (
    <ul class={styles['again']} role="list" aria-label="Offered before">
      {lapsed.value.slice(0, SHOWN).map((one) => (
        <Line key={one.batch} one={one} />
      ))}
    </ul>
  );
}

function Line({ one }: { readonly one: Lapsed }): VNode {
  const name = nameOf(one);
  const to = meantFor(one);
  return (
    <li class={styles['againLine']}>
      <p>
        Offer again{to !== undefined && `, only to ${audienceName(to)}`}: <bdi>{name}</bdi>
      </p>
      <Button
        small
        onClick={() => {
          void sendAgain(one).then((outcome) => {
            if (outcome === 'pick') openFileChooser(meantFor(one));
            if (outcome === 'denied') trouble.value ??= `This browser may not read ${name}. Attach it anew.`;
          });
        }}
      >
        Offer
      </Button>
      <Button
        look="quiet"
        small
        icon="close"
        label={`Do not offer ${name} again`}
        onClick={() => {
          const session = currentSession();
          if (session?.store !== undefined) dismissLapsed(session, one);
        }}
      />
    </li>
  );
}

function nameOf({ records }: Lapsed): string {
  const more = records.length - 1;
  return `${records[0]?.name ?? ''}${more > 0 ? ` and ${more} more` : ''}`;
}
