// What lies over the page about accounts: one's own, or what a pool asks of who wants in.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { freshCodes, me, refresh } from '../../account/account.ts';
import { ModerationPart } from '../../account/moderation-door.ts';
import { accountLayer, closeAccount, type AccountLayer } from '../../account-door.ts';
import { Dialog } from '../ui.tsx';
import { Door } from './door.tsx';
import { Home } from './home.tsx';
import { Problem, useAction } from './parts.tsx';
import { FreshCodes } from './recovery-codes.tsx';
import { SignIn } from './sign-in.tsx';

export function AccountDialog(): VNode {
  const layer = accountLayer.value;
  const Moderation = ModerationPart.value;
  return (
    <>
      <Dialog
        open={layer?.kind === 'home' || layer?.kind === 'door'}
        title={layer?.kind === 'door' ? layer.pool : 'Account'}
        wide={layer?.kind === 'home' && me.value !== null && me.value !== undefined}
        onClose={closeAccount}
      >
        {layer !== undefined && layer.kind !== 'moderation' && <Content layer={layer} />}
      </Dialog>
      {Moderation !== undefined && <Moderation />}
    </>
  );
}

type ContentProps = { readonly layer: Exclude<AccountLayer, { readonly kind: 'moderation' }> };

function Content({ layer }: ContentProps): VNode {
  const action = useAction();
  useEffect(() => action.run(refresh), []);
  if (freshCodes.value.length > 0) return <FreshCodes codes={freshCodes.value} />;
  if (me.value === undefined)
    return action.problem === '' ? <p role="status">Looking…</p> : <Problem action={action} />;
  if (layer.kind === 'door') return <Door key={layer.pool} pool={layer.pool} why={layer.why} />;
  if (me.value === null) return <SignIn code={layer.code} />;
  return <Home me={me.value} />;
}
