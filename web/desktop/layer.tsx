// What a host's window has over every screen: that its host is gone, the chooser, and questions at the door of a pool.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Passphrase } from '../components/account/passphrase.tsx';
import dialogs from '../components/dialogs.module.css';
import { Button, Dialog } from '../components/ui.tsx';
import { join, store } from '../app.ts';
import { switchTo } from '../pools.ts';
import { ChooserDialog } from './chooser.tsx';
import styles from './layer.module.css';
import { linkedServer } from './servers.ts';
import { shownServer } from './server-address.ts';
import { about, door, linked, lost } from './state.ts';

export function Layer(): VNode {
  return (
    <>
      <Door />
      <Linked />
      <ChooserDialog />
      <Lost />
    </>
  );
}

/** Above dialogs too: nothing in them works meanwhile. */
function Lost(): VNode {
  const banner = useRef<HTMLDivElement>(null);
  const gone = lost.value;
  useLayoutEffect(() => {
    if (gone) banner.current?.showPopover();
    else banner.current?.hidePopover();
  }, [gone]);
  return (
    <div ref={banner} class={styles['lost']} popover="manual" role="alert">
      {gone && (
        <>
          <span class={styles['dot']} aria-hidden="true" />
          <p>Rockpool is not running any more. Start it again: it opens a window, and this one can be closed.</p>
        </>
      )}
    </div>
  );
}

function Door(): VNode {
  const at = door.value;
  const close = (): void => {
    door.value = undefined;
  };
  return (
    <Dialog open={at !== undefined} title={at?.pool ?? ''} onClose={close}>
      {at !== undefined && (
        <Passphrase
          pool={at.pool}
          wrong={at.wrong}
          onBrought={() => {
            close();
            void join(at.pool);
          }}
        />
      )}
    </Dialog>
  );
}

/** A link was opened, perhaps by a page: this device does not leave a pool for that unasked. */
function Linked(): VNode {
  const pool = linked.value;
  const server = pool === undefined ? undefined : linkedServer(pool);
  const close = (): void => {
    linked.value = undefined;
  };
  return (
    <Dialog open={pool !== undefined} title="Go to another pool?" onClose={close}>
      <p>
        A link leads to <b>{pool}</b>
        {server !== undefined && server !== about.value?.server && <> on {shownServer(server)}</>}. Going there leaves{' '}
        {store.pool.value || 'the pool this device is in'}.
      </p>
      <div class={dialogs['choice']}>
        <Button
          look="primary"
          onClick={() => {
            close();
            if (pool !== undefined) switchTo({ pool });
          }}
        >
          Go there
        </Button>
        <Button onClick={close}>Stay</Button>
      </div>
    </Dialog>
  );
}
