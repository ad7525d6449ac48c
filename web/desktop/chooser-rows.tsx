// What lies in a folder, one line each, of which only those in sight are drawn. One list to the keyboard: its cursor is the model's.
import type { RefObject, VNode } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { LISTED_MAX, type ListedPath } from '../../src/remote/host-face.ts';
import { Icon } from '../components/icons.tsx';
import { useVirtualList } from '../components/virtual-list.ts';
import { cx } from '../cx.ts';
import { formatBytes, formatMoment } from '../format.ts';
import type { Marks } from './chooser-model.ts';
import styles from './chooser.module.css';

/** As the style sheet has it. */
const ROW_PX = 44;

/** Rows that a box shows at a time; at least one. */
export const rowsIn = (box: HTMLElement | null): number => Math.max(1, Math.floor((box?.clientHeight ?? 0) / ROW_PX));

interface RowsProps {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly marks: Marks;
  /** In place of rows. */
  readonly said: string;
  /** There is more than is shown. */
  readonly cut: boolean;
  readonly onKey: (event: KeyboardEvent) => void;
  readonly onClick: (at: number, how: { readonly shift: boolean; readonly ctrl: boolean }) => void;
  readonly onOpen: (entry: ListedPath) => void;
}

export function ChooserRows({ box, marks, said, cut, onKey, onClick, onOpen }: RowsProps): VNode {
  const { entries, cursor, marked } = marks;
  const [list] = useVirtualList({
    count: said === '' ? entries.length : 0,
    scroller: box,
    keyOf: (at) => entries[at]?.path ?? '',
    estimate: () => ROW_PX,
    follow: false,
    anchor: 'start',
    overscan: 8,
    endSlack: 0,
    paddingStart: 4,
    paddingEnd: 4,
  });
  useLayoutEffect(() => {
    if (cursor >= 0) list.scrollToIndex(cursor, { align: 'auto' });
    else list.scrollToOffset(0);
  }, [cursor, entries, list]);
  return (
    <div class={styles['listing']}>
      <div
        ref={box}
        class={styles['box']}
        role="listbox"
        aria-label="Files and folders"
        aria-multiselectable={marks.several}
        aria-activedescendant={cursor >= 0 && said === '' ? rowId(cursor) : undefined}
        tabIndex={0}
        onKeyDown={onKey}
        onMouseDown={(event) => {
          if (event.target === event.currentTarget) return;
          // Rows come and go: the focus stays with the list.
          event.preventDefault();
          event.currentTarget.focus({ preventScroll: true });
        }}
      >
        <div style={{ height: `${list.getTotalSize()}px` }}>
          {list.getVirtualItems().map(({ index, start }) => {
            const entry = entries[index];
            if (entry === undefined) return null;
            return (
              <Row
                key={entry.path}
                entry={entry}
                at={index}
                count={entries.length}
                top={start}
                marked={marked.has(index)}
                under={index === cursor}
                onClick={onClick}
                onOpen={onOpen}
              />
            );
          })}
        </div>
      </div>
      <p class={styles['said']} role="status">
        {said}
      </p>
      {cut && <p class={styles['cut']}>There is more in here: these are the first {LISTED_MAX.toLocaleString()}.</p>}
    </div>
  );
}

interface RowProps extends Pick<RowsProps, 'onClick' | 'onOpen'> {
  readonly entry: ListedPath;
  readonly at: number;
  readonly count: number;
  readonly top: number;
  readonly marked: boolean;
  /** The cursor stands here. */
  readonly under: boolean;
}

function Row({ entry, at, count, top, marked, under, onClick, onOpen }: RowProps): VNode {
  const folder = entry.kind === 'folder';
  return (
    <div
      id={rowId(at)}
      class={cx(styles['row'], marked && styles['marked'], under && styles['under'])}
      style={{ transform: `translateY(${top}px)` }}
      role="option"
      aria-selected={marked}
      aria-setsize={count}
      aria-posinset={at + 1}
      tabIndex={-1}
      onClick={(event) => onClick(at, { shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey })}
      onDblClick={() => onOpen(entry)}
    >
      <span class={cx(styles['icon'], folder && styles['folder'])}>
        <Icon name={marked ? 'check' : folder ? 'folder' : 'file'} />
      </span>
      <bdi class={styles['name']} title={entry.name}>
        {entry.name}
      </bdi>
      <span class={styles['time']}>{formatMoment(entry.modifiedMs, Date.now())}</span>
      <span class={styles['size']}>{folder ? '' : formatBytes(entry.bytes)}</span>
      {folder ? (
        // For a hand; keys have Enter.
        <span
          class={styles['into']}
          aria-hidden="true"
          title={`Open ${entry.name}`}
          onClick={(event) => {
            event.stopPropagation();
            onOpen(entry);
          }}
        >
          <Icon name="more" size={18} />
        </span>
      ) : (
        <span />
      )}
    </div>
  );
}

const rowId = (at: number): string => `listed-${at}`;
