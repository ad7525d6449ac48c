// The two typefaces, fetched from this server after the first paint; until then the system's own stand in.
import newsreader from '@fontsource-variable/newsreader/files/newsreader-latin-wght-normal.woff2?url';
import publicSans from '@fontsource-variable/public-sans/files/public-sans-latin-wght-normal.woff2?url';

/** Begins to load the fonts; text changes over as each arrives. A font that does not arrive changes nothing. */
export function loadFonts(): void {
  for (const face of [
    new FontFace('Public Sans Variable', `url(${publicSans}) format('woff2')`, { weight: '100 900', display: 'swap' }),
    new FontFace('Newsreader Variable', `url(${newsreader}) format('woff2')`, { weight: '200 800', display: 'swap' }),
  ]) {
    document.fonts.add(face);
    face.load().catch(() => undefined);
  }
}
