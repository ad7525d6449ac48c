// The first thing that runs: paints the start screen, then fetches what a pool needs once a person means to enter one.
import { render } from 'preact';
import './styles/global.css';
import { askAbout } from './account-door.ts';
import { loadPoolPart, start } from './app.ts';
import { App } from './components/app.tsx';
import { loadTextFont, loadTitleFont } from './fonts.ts';
import { isHosted } from './hosted.ts';
import { keepTheme } from './settings.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('index.html: expected an element with id "app"');
keepTheme();
start(() => (isHosted() ? import('./desktop/part.ts') : import('./pool-part.ts')));
render(<App />, root);

/** What only a pool needs. A chunk that does not arrive now is asked for again, and complained about, on joining. */
const prepare = once(() => {
  loadPoolPart().catch(() => undefined);
  // A host keeps no accounts.
  if (!isHosted()) void askAbout();
  loadTitleFont();
});

const afterPaint = once(() => {
  loadTextFont();
  // Who follows a link means to join, and a host may be in a pool; anybody else shows it by a first move, long before "Join pool" is pressed.
  if (location.hash.length > 1 || isHosted()) return prepare();
  for (const sign of ['pointermove', 'pointerdown', 'keydown', 'input']) {
    addEventListener(sign, prepare, { once: true, passive: true });
  }
});

// Two frames on, the first paint is done; a hidden tab paints nothing, and a timer then does the same.
requestAnimationFrame(() => requestAnimationFrame(afterPaint));
setTimeout(afterPaint, 300);

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
