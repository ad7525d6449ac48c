// The first thing that runs: paints the start screen, then fetches what a pool needs while the person reads.
import { render } from 'preact';
import './styles/global.css';
import { loadPoolPart, start } from './app.ts';
import { App } from './components/app.tsx';
import { loadFonts } from './fonts.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('index.html: expected an element with id "app"');
start(() => import('./pool-part.ts'));
render(<App />, root);

// Two frames on, the first paint is done; a hidden tab paints nothing, and a timer then does the same.
let begun = false;
const begin = (): void => {
  if (begun) return;
  begun = true;
  // A chunk that does not arrive now is asked for again, and complained about, when someone joins.
  loadPoolPart().catch(() => undefined);
  loadFonts();
};
requestAnimationFrame(() => requestAnimationFrame(begin));
setTimeout(begin, 300);
