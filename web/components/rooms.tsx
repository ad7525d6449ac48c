// The rooms of this pool: everyone's, zones, whispers. A press opens one; a founder changes who is in a zone.
import type { VNode } from 'preact';
import { store } from '../app.ts';
import { cx } from '../cx.ts';
import { dialog, tab } from '../pool-view.ts';
import { listedRooms, roomTitle } from '../rooms.ts';
import type { RoomView } from '../../src/talk/views.ts';
import { openRoom, talk } from '../talk.ts';
import { Icon, type IconName } from './icons.tsx';
import styles from './side.module.css';
import { Count, SideSection } from './side-section.tsx';
import { Button } from './ui.tsx';

const icons: Readonly<Record<RoomView['kind'], IconName>> = { pool: 'people', zone: 'zone', whisper: 'whisper' };

export function Rooms(): VNode {
  const rooms = listedRooms(talk.rooms.value, talk.room.value);
  return (
    <SideSection
      title="Rooms"
      action="New zone"
      onAction={() => {
        dialog.value = { kind: 'zone' };
      }}
    >
      <ul role="list" aria-labelledby="rooms-title">
        {rooms.map((room) => (
          <Row key={room.id} room={room} />
        ))}
      </ul>
    </SideSection>
  );
}

function Row({ room }: { readonly room: RoomView }): VNode {
  const open = talk.room.value === room.id;
  const title = roomTitle(room, talk.self.value.account, (account) => talk.nameOf(account));
  return (
    <li class={styles['roomRow']}>
      <button
        type="button"
        class={cx(styles['line'], styles[room.kind], open && styles['current'])}
        aria-current={open ? 'true' : undefined}
        title={room.kind === 'pool' ? `Everyone in ${store.pool.value}` : title}
        onClick={() => {
          tab.value = 'chat';
          openRoom(room.id);
        }}
      >
        <Icon name={icons[room.kind]} size={18} />
        <bdi class={styles['label']}>{title}</bdi>
        {!room.open && <span class={styles['closed']}>closed</span>}
        <Count unread={room.unread} />
      </button>
      {room.founder && (
        <Button
          look="quiet"
          small
          icon="pen"
          label={`Change ${title}`}
          onClick={() => {
            dialog.value = { kind: 'zone', room: room.id };
          }}
        />
      )}
    </li>
  );
}
