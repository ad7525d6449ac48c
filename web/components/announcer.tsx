// Speaks, politely and once, what a sighted person sees out of the corner of an eye: ends of transfers.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { store } from '../app.ts';
import { announcement } from '../sentences.ts';
import { Unseen } from './ui.tsx';

export function Announcer(): VNode {
  const told = useRef(new Set<string>());
  const [text, setText] = useState('');
  const ended = store.transfers.value.filter((transfer) => transfer.state.value === 'ended');
  useEffect(() => {
    const news = ended.filter(({ key }) => !told.current.has(key)).map(({ view }) => view.value);
    told.current = new Set(ended.map(({ key }) => key));
    const said = announcement(news);
    if (said !== '') setText(said);
  }, [ended.length]);
  return (
    <div role="status">
      <Unseen>{text}</Unseen>
    </div>
  );
}
