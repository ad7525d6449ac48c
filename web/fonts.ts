// The two typefaces, fetched from this server after the first paint; until then the system's own stand in.
import newsreader from '@fontsource-variable/newsreader/files/newsreader-latin-wght-normal.woff2?url';
import publicSans from '@fontsource-variable/public-sans/files/public-sans-latin-wght-normal.woff2?url';

/** What everything is written in. */
export const loadTextFont = (): void => load('Public Sans Variable', publicSans, '100 900');

/** What pool names and titles are set in: larger, and not worth the first moments of a visit. */
export const loadTitleFont = (): void => load('Newsreader Variable', newsreader, '200 800');

/** Text changes over as a font arrives; one that does not arrive changes nothing. */
function load(family: string, url: string, weight: string): void {
  const face = new FontFace(family, `url(${url}) format('woff2')`, { weight, display: 'swap' });
  document.fonts.add(face);
  face.load().catch(() => undefined);
}
