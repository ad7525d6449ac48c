// Speaks, politely and once, what a sighted person sees out of the corner of an eye: ends of transfers.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { store } from '../app.ts';
import { endSentence } from '../sentences.ts';
import { Unseen } from './ui.tsx';

export function Announcer(): VNode {
  const told = useRef(new Set<string>());
  const [text, setText] = useState('');
  const ended = store.transfers.value.filter((transfer) => transfer.state.value === 'ended');
  useEffect(() => {
    const news = ended.filter(({ id }) => !told.current.has(id)).map(({ view }) => view.value);
    told.current = new Set(ended.map(({ id }) => id));
    const last = news.at(0);
    if (last === undefined) return;
    const whole = last.direction === 'in' ? 'has arrived whole.' : `has reached ${last.peerName} whole.`;
    setText(`${last.name}: ${last.end === 'verified' ? whole : endSentence(last)}`);
  }, [ended.length]);
  return (
    <div role="status">
      <Unseen>{text}</Unseen>
    </div>
  );
}
