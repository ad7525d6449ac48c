// What an operator looks after: reports, bans, and what was done so far. Lies over the whole page.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { BanOf } from '../../account/moderation.ts';
import { accountLayer, closeAccount } from '../../account-door.ts';
import ui from '../../styles/ui.module.css';
import { Button, Modal } from '../ui.tsx';
import { Audit } from './audit.tsx';
import { Bans } from './bans.tsx';
import styles from './moderation.module.css';
import { Reports } from './reports.tsx';

const PARTS = ['reports', 'bans', 'audit'] as const;
type Part = (typeof PARTS)[number];

const titles: Readonly<Record<Part, string>> = { reports: 'Reports', bans: 'Bans', audit: 'Audit' };

export function ModerationPage(): VNode {
  return (
    <Modal
      open={accountLayer.value?.kind === 'moderation'}
      label="Moderation"
      look={styles['page']}
      onClose={closeAccount}
    >
      <Parts />
    </Modal>
  );
}

function Parts(): VNode {
  const [part, setPart] = useState<Part>('reports');
  const [banOf, setBanOf] = useState<BanOf | undefined>();
  const show = (next: Part): void => {
    setBanOf(undefined);
    setPart(next);
  };
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: PARTS.length - 1, ArrowRight: 1 }[event.key];
    const next = step === undefined ? undefined : PARTS[(PARTS.indexOf(part) + step) % PARTS.length];
    if (next === undefined) return;
    show(next);
    document.getElementById(`moderation-${next}`)?.focus();
  };
  return (
    <div class={styles['frame']}>
      <header class={styles['head']}>
        <Button
          look="quiet"
          icon="back"
          label="Back to the account"
          onClick={() => {
            accountLayer.value = { kind: 'home' };
          }}
        />
        <h2 class={ui['dialogTitle']}>Moderation</h2>
        <div class={styles['parts']} role="tablist" aria-label="Parts of moderation">
          {PARTS.map((each) => (
            <button
              key={each}
              id={`moderation-${each}`}
              type="button"
              role="tab"
              aria-selected={part === each}
              aria-controls="moderation-body"
              tabIndex={part === each ? 0 : -1}
              onKeyDown={move}
              onClick={() => show(each)}
            >
              {titles[each]}
            </button>
          ))}
        </div>
        <Button look="quiet" icon="close" label="Close" onClick={closeAccount} />
      </header>
      <div id="moderation-body" class={styles['body']} role="tabpanel" aria-labelledby={`moderation-${part}`}>
        {part === 'reports' && (
          <Reports
            onBan={(of) => {
              setPart('bans');
              setBanOf(of);
            }}
          />
        )}
        {part === 'bans' && <Bans first={banOf} />}
        {part === 'audit' && <Audit />}
      </div>
    </div>
  );
}
