// What an examination of a server finds: one verdict a question, in plain words, and how to mend what is not well.

export type CheckName = 'reachable' | 'bus' | 'app' | 'secure' | 'forwarded' | 'websocket' | 'join' | 'stun' | 'turn';

export type Finding =
  | { readonly check: CheckName; readonly verdict: 'ok'; readonly words: string }
  /** `hint`: it works, and could be better. */
  | { readonly check: CheckName; readonly verdict: 'hint' | 'broken'; readonly words: string; readonly mend: string }
  /** It cannot be told; `words` say why. */
  | { readonly check: CheckName; readonly verdict: 'skipped'; readonly words: string };

export const ok = (check: CheckName, words: string): Finding => ({ check, verdict: 'ok', words });
export const hint = (check: CheckName, words: string, mend: string): Finding => ({
  check,
  verdict: 'hint',
  words,
  mend,
});
export const broken = (check: CheckName, words: string, mend: string): Finding => ({
  check,
  verdict: 'broken',
  words,
  mend,
});
export const skipped = (check: CheckName, words: string): Finding => ({ check, verdict: 'skipped', words });
