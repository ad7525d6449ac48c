// The conversation of the app over 100,000 messages that are made as they are asked for, and somebody who scrolls through it.
import { render, type VNode } from 'preact';
import '../../../web/styles/global.css';
import { HLC_PER_MS } from '../../../src/wire/entry.ts';
import type { Before } from '../../../src/io/talk-store.ts';
import type { MessageView } from '../../../src/talk/views.ts';
import { Composer } from '../../../web/components/composer.tsx';
import { Conversation } from '../../../web/components/conversation.tsx';
import { pages, showMessage, talk } from '../../../web/talk.ts';
import { TalkPages } from '../../../web/talk-pages.ts';
import { message, poolRoom } from '../support.ts';

export interface Scrolled {
  /** Numbers of the messages that were in sight at the end: first and last. */
  readonly seen: readonly [number, number];
}

declare global {
  interface Window {
    readonly conversation: {
      scroll(byPx: number, frames: number): Promise<Scrolled>;
      show(number: number): void;
      /** So many more arrive, one every so many milliseconds. */
      say(more?: number, everyMs?: number): Promise<void>;
    };
  }
}

const COUNT = 100_000;
const EVERY_MS = 60_000;
/** As long as a page takes from the worker's disk, milliseconds. */
const DISK_MS = 4;

const WORDS = ['tide', 'the **gate**', 'at six', '`low water`', 'https://a.example/', 'boots', 'a lamp', 'north pool'];

/** Its text begins with its number; some have code, lists, quotes, and lengths of all kinds. */
function made(number: number): MessageView {
  const words = Array.from(
    { length: 3 + ((number * 7) % 40) },
    (_, at) => WORDS[(number * 13 + at * 5) % WORDS.length],
  );
  const more = number % 10 === 0 ? '\n\n- one\n- two\n' : number % 17 === 0 ? '\n```\nlet fish;\nlet more;\n```' : '';
  const from = number % 3 === 0 ? 'aa' : number % 3 === 1 ? 'bb' : 'me';
  return {
    ...message,
    id: `${from}/cc/${number}`,
    from,
    own: from === 'me',
    name: from === 'aa' ? 'Mara' : 'Jo',
    text: `${number} ${words.join(' ')}${more}`,
    created: number * EVERY_MS * HLC_PER_MS,
    sentMs: number * EVERY_MS,
    reactions: number % 5 === 0 ? [{ emoji: '👍', accounts: ['aa'] }] : [],
  };
}

let count = COUNT;
const numberOf = (id: string): number => Number(id.slice(id.lastIndexOf('/') + 1));

const disk = {
  page: async (_: string, limit: number, before?: Before): Promise<MessageView[]> => {
    await new Promise((resolve) => setTimeout(resolve, DISK_MS));
    const end = before === undefined ? count : Math.min(count, Math.ceil(before.created / (EVERY_MS * HLC_PER_MS)) - 1);
    return Array.from({ length: Math.min(limit, end) }, (__, at) => made(end - at));
  },
  message: async (id: string): Promise<MessageView> => made(numberOf(id)),
};

// The app's own pages ask the session, of which there is none here.
const source = new TalkPages(talk, () => disk);
pages.older = () => source.older();
pages.newer = () => source.newer();
pages.toEnd = () => source.toEnd();
pages.show = (id) => source.show(id);

function App(): VNode {
  return (
    <div style={{ display: 'flex', flexDirection: 'column', height: '100vh' }}>
      <Conversation />
      <Composer />
    </div>
  );
}

async function scroll(byPx: number, frames: number): Promise<Scrolled> {
  const box = document.querySelector('[role=log]');
  if (box === null) throw new Error('there is no conversation');
  for (let frame = 0; frame < frames; frame += 1) {
    box.dispatchEvent(new WheelEvent('wheel', { deltaY: byPx }));
    box.scrollTop += byPx;
    // oxlint-disable-next-line no-await-in-loop -- one frame after the other, as a hand scrolls
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  // What was asked for on the way is there.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { top, bottom } = box.getBoundingClientRect();
  const seen = [...box.querySelectorAll('[data-index]')].filter((row) => {
    const { top: from, bottom: to } = row.getBoundingClientRect();
    return to > top && from < bottom;
  });
  const numbers = seen.flatMap((row) => /(\d+) /u.exec(row.querySelector('[dir=auto]')?.textContent ?? '')?.[1] ?? []);
  return { seen: [Number(numbers[0]), Number(numbers.at(-1))] };
}

Object.defineProperty(window, 'conversation', {
  value: {
    scroll,
    show: (number: number) => showMessage(made(number).id),
    say: async (more = 1, everyMs = 0) => {
      for (let said = 1; said <= more; said += 1) {
        count += 1;
        const next = made(count);
        // Many at once are short, and all by one.
        const burst = { ...next, from: 'aa', own: false, name: 'Mara', text: `${count} or so`, reactions: [] };
        talk.apply({ kind: 'message', message: more > 1 ? burst : next, fresh: true }, Date.now());
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    },
  },
});

talk.enter({ device: 'me', account: 'me' }, [{ ...poolRoom, lastCreated: made(COUNT).created }], []);
const app = document.getElementById('app');
if (app !== null) render(<App />, app);
void pages.toEnd();
