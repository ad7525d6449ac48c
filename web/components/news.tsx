// Says aloud, politely, what others write while the page is open. The conversation itself says nothing: its lines come and go as
// one scrolls.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Row } from '../lines.ts';
import { quoted } from './message-quote.tsx';
import { Unseen } from './ui.tsx';

/** Of several that come at once, so many are read out; the rest is counted. */
const READ_OUT_MAX = 3;

export function News({ rows }: { readonly rows: readonly Row[] }): VNode {
  const [text, setText] = useState('');
  const last = useRef<string | undefined>(undefined);
  useEffect(() => {
    const before = last.current;
    last.current = rows.at(-1)?.line.key;
    const at = rows.findLastIndex(({ line }) => line.key === before);
    if (before === undefined || at < 0) return;
    const fresh = rows
      .slice(at + 1)
      .flatMap(({ line }) => (line.kind === 'message' && !line.message.own ? [line] : []));
    if (fresh.length === 0) return;
    const said = fresh.slice(-READ_OUT_MAX).map(({ message }) => `${message.name}: ${quoted(message)}`);
    const more = fresh.length - said.length;
    setText([...(more > 0 ? [`${more} more messages`] : []), ...said].join('. '));
  }, [rows]);
  return (
    <div role="status">
      <Unseen>{text}</Unseen>
    </div>
  );
}
