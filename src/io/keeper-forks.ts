// Proofs that a log was signed twice: as they are passed on, and whether one that somebody brings is right.
import { hashEntry, verifyEntry } from '../keys/entry.ts';
import { deviceIdOf } from '../keys/identity.ts';
import { equalBytes } from '../wire/bytes.ts';
import { ENTRY_FIXED_BYTES, decodeEntry, type Entry } from '../wire/entry.ts';
import type { ForkProof } from '../wire/talk-envelope.ts';
import type { ProofRecord } from './talk-store.ts';

/** Without the bodies: what is signed are the heads. */
export const forkOf = ({ author, chain, one, other }: ProofRecord): ForkProof => {
  return { author, chain, one: one.slice(0, ENTRY_FIXED_BYTES), other: other.slice(0, ENTRY_FIXED_BYTES) };
};

/** fork: it is right. malformed: it proves nothing. forged: it is not the author's. `seq`: of the first of the two. */
export type Verdict =
  | { readonly code: 'fork'; readonly seq: number }
  | { readonly code: 'malformed' | 'forged'; readonly seq: number | undefined };

export async function verdictOn({ author, chain, one, other }: ForkProof): Promise<Verdict> {
  const [first, second] = [decodeEntry(one, true), decodeEntry(other, true)];
  if (first === undefined || second === undefined) return { code: 'malformed', seq: undefined };
  const { seq } = first;
  const theirs = [first, second].every((each) => deviceIdOf(each.author) === author && each.chain === chain);
  if (!theirs || !contradict(first, second)) return { code: 'malformed', seq };
  const signed = (await verifyEntry(first)) && (await verifyEntry(second));
  return { code: signed ? 'fork' : 'forged', seq };
}

/** No chain holds both. */
function contradict(first: Entry, second: Entry): boolean {
  if (first.seq === second.seq) return !equalBytes(first.head, second.head);
  return second.seq === first.seq + 1 && !equalBytes(second.prev, hashEntry(first));
}
