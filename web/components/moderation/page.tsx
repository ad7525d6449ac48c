// What an operator looks after: reports, bans, and what was done so far. Lies over the whole page.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { BanOf } from '../../account/moderation.ts';
import { accountLayer, closeAccount } from '../../account-door.ts';
import ui from '../../styles/ui.module.css';
import { TabList } from '../tab-list.tsx';
import { Button, Modal } from '../ui.tsx';
import { Audit } from './audit.tsx';
import { Bans } from './bans.tsx';
import styles from './moderation.module.css';
import { Reports } from './reports.tsx';

const PARTS = [
  { id: 'reports', label: 'Reports' },
  { id: 'bans', label: 'Bans' },
  { id: 'audit', label: 'Audit' },
] as const;
type Part = (typeof PARTS)[number]['id'];

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
        <TabList name="moderation" label="Parts of moderation" parts={PARTS} chosen={part} onChoose={show} />
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
