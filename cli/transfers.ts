// What is said of offers and transfers: fields of json mode, and words for people.
import type { OfferView, TransferView } from '../src/client.ts';
import { endWords, fileWords, formatBytes, formatSeconds, formatSpeed, percentOf, roundSeconds } from './format.ts';
import { safeLine } from './safe-text.ts';
import type { Screen } from './screen.ts';

/** An offer as json mode shows it. */
export function offerFields(offer: OfferView): object {
  const { id, from, name, own, state, private: only } = offer;
  const files = offer.files.map(({ number, name: file, bytes, folder }) => ({ number, name: file, bytes, folder }));
  return { offer: id, peer: from, from: name, own, state, private: only, files };
}

/** `a.txt (4 B)`, `pics (folder of 12, 3.1 MB)`, `3 files (12 MB)`. */
export function offerWords({ files }: Pick<OfferView, 'files'>): string {
  const [only] = files;
  if (only !== undefined && files.length === 1) return fileWords(only);
  return `${files.length} files (${formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0))})`;
}

/** What every event of a transfer says. */
function commonFields(transfer: TransferView): object {
  const { direction, peer, peerName, keptBytes } = transfer;
  return { ...fileFields(transfer), direction, peer, peerName, keptBytes };
}

function fileFields({ id, name, folder }: TransferView): object {
  return { transfer: id, name, folder };
}

/** A transfer under way as json mode shows it. */
export function progressFields(transfer: TransferView): object {
  const { doneBytes, bytes, bytesPerSecond, seconds, state, limit, sources } = transfer;
  return {
    ...commonFields(transfer),
    state,
    bytes: doneBytes,
    total: bytes,
    bytesPerSecond: Math.round(bytesPerSecond),
    seconds: roundSeconds(seconds),
    limit,
    sources: sources.map(({ peer, peerName, bytesPerSecond: rate, bytes: came, wrongChunks }) => ({
      peer,
      name: peerName,
      bytesPerSecond: Math.round(rate),
      bytes: came,
      wrongChunks,
    })),
  };
}

/** How far a second look is, as json mode shows it. `transfer` as `moving` gives it. */
export function checkingFields(transfer: TransferView): object {
  const { doneBytes, bytes, bytesPerSecond, seconds } = transfer;
  const figures = { bytesPerSecond: Math.round(bytesPerSecond), seconds: roundSeconds(seconds) };
  return { ...fileFields(transfer), bytes: doneBytes, total: bytes, ...figures };
}

/** Says that one file is whole at its other end, with its digest if it could be read. */
export function tellVerified(
  screen: Screen,
  transfer: TransferView,
  proof: { readonly path: string | undefined; readonly sha256: string | undefined },
): void {
  const { bytes, keptBytes, seconds } = transfer;
  screen.event('verified', { ...commonFields(transfer), bytes, seconds: roundSeconds(seconds), ...proof });
  const speed = seconds > 0 ? `, ${formatSpeed((bytes - keptBytes) / seconds)}` : '';
  const kept = keptBytes > 0 ? `, ${percentOf(keptBytes, bytes)}% was here already` : '';
  const figures = `${formatBytes(bytes)} in ${formatSeconds(seconds)}${speed}${kept}`;
  const lines = [`${screen.paint('Verified', 'good')}  ${subject(transfer)}: ${figures}`];
  if (proof.path !== undefined) lines.push(screen.paint(`  ${safeLine(proof.path)}`, 'quiet'));
  if (proof.sha256 !== undefined) lines.push(screen.paint(`  sha256 ${proof.sha256}`, 'quiet'));
  screen.line(lines.join('\n'));
}

/** Says that a transfer ended without a verified file; `next` is a sentence about what may be done now. */
export function tellFailed(screen: Screen, transfer: TransferView, next: string): void {
  const { bytes, doneBytes, seconds, end = 'refused' } = transfer;
  const message = endWords(end);
  const figures = { bytes: doneBytes, total: bytes, seconds: roundSeconds(seconds) };
  screen.event('failed', { ...commonFields(transfer), code: end, message, ...figures });
  screen.note(`${subject(transfer)} stopped: ${message}. ${next}`.trimEnd(), 'bad');
}

/** Says what stays of a file that is not finished, and how to go on: `next`, the end of a sentence. */
export function tellKept(screen: Screen, transfer: TransferView, next: string): void {
  const { name, bytes, doneBytes } = transfer;
  screen.event('kept', { ...commonFields(transfer), bytes: doneBytes, total: bytes });
  const percent = percentOf(doneBytes, bytes);
  screen.note(`${safeLine(name)}: ${percent}% is kept; ${next}.`);
}

/** What a second look at a received file costs, as the end of a sentence. */
export function costWords({ bytes }: TransferView): string {
  return `reads ${formatBytes(bytes)} back from the disk`;
}

/** Says what a second look at a received file found. */
export function tellChecked(
  screen: Screen,
  transfer: TransferView,
  { wrongChunks, seconds }: NonNullable<TransferView['recheck']>,
): void {
  const { name, bytes, peerName, location } = transfer;
  const proof = { bytes, wrongChunks, seconds: roundSeconds(seconds), path: location };
  screen.event('checked', { ...fileFields(transfer), ...proof });
  if (wrongChunks > 0) {
    const pieces = wrongChunks === 1 ? '1 piece' : `${wrongChunks} pieces`;
    const next = `Ask ${safeLine(peerName)} to offer it again.`;
    return screen.note(`${safeLine(name)}: ${pieces} changed on the disk since. ${next}`, 'bad');
  }
  const speed = seconds > 0 ? `, ${formatSpeed(bytes / seconds)}` : '';
  const figures = `${formatBytes(bytes)} read back in ${formatSeconds(seconds)}${speed}`;
  screen.line(`${screen.paint('Verified', 'good')}  ${safeLine(name)} once more: ${figures}`);
}

function subject({ name, direction, peerName }: TransferView): string {
  return `${safeLine(name)} ${direction === 'in' ? 'from' : 'to'} ${safeLine(peerName)}`;
}
