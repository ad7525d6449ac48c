// Chooses the screen.
import type { VNode } from 'preact';
import { AccountPart } from '../account-door.ts';
import { poolPart, screen, visits } from '../app.ts';
import { StartScreen } from './start-screen.tsx';
import { Unsupported } from './unsupported.tsx';

export function App(): VNode {
  const Account = AccountPart.value;
  const Host = poolPart.value?.host?.Layer;
  return (
    <>
      <Screen />
      {Account !== undefined && <Account />}
      {Host !== undefined && <Host />}
    </>
  );
}

function Screen(): VNode {
  const shown = screen.value;
  if (shown.kind === 'unsupported') return <Unsupported problem={shown.problem} />;
  const Pool = poolPart.value?.PoolScreen;
  if (shown.kind === 'pool' && Pool !== undefined) return <Pool key={visits.value} />;
  return <StartScreen />;
}
