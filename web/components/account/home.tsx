// One's own account: who that is, pools, devices, ways in, and the way out for good.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { removeAccount, type Me } from '../../account/account.ts';
import dialogs from '../dialogs.module.css';
import { Section } from '../settings.tsx';
import { Button } from '../ui.tsx';
import { Sure } from './asking.tsx';
import { OwnDevices } from './own-devices.tsx';
import { OwnPools } from './own-pools.tsx';
import { Profile } from './profile.tsx';
import { WaysIn } from './ways-in.tsx';

export function Home({ me }: { readonly me: Me }): VNode {
  return (
    <>
      <Section title="Signed in">
        <Profile me={me} />
      </Section>
      <Section title="Your pools">
        <OwnPools me={me} />
      </Section>
      <Section title="Your devices at this server">
        <OwnDevices />
      </Section>
      <Section title="Ways in">
        <WaysIn me={me} />
      </Section>
      <Section title="Remove the account">
        <Removal />
      </Section>
    </>
  );
}

function Removal(): VNode {
  const [asking, setAsking] = useState(false);
  if (asking) {
    return (
      <Sure label="Remove the account?" yes="Remove it" onYes={removeAccount} onDone={() => setAsking(false)}>
        Its devices leave their pools now, and its passkeys and codes sign nobody in any more. This cannot be undone.
      </Sure>
    );
  }
  return (
    <>
      <p class={dialogs['fine']}>
        Name, picture, ways in, devices and memberships are deleted here. What was said stays with those who have it.
      </p>
      <Button small onClick={() => setAsking(true)}>
        Remove the account…
      </Button>
    </>
  );
}
