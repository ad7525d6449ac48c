// Which node has which pool: rendezvous hashing, so that all who know of the same nodes agree without a word, and a node that
// comes or goes moves only its own share of the pools.
import { createHash } from 'node:crypto';

/** The one of `nodes` whose hash with `pool` is the greatest. Throws a RangeError if there is none. */
export function ownerOf(pool: string, nodes: Iterable<string>): string {
  let [best, bestWeight] = ['', ''];
  for (const node of nodes) {
    const weight = createHash('sha256').update(`${node}\0${pool}`).digest('hex');
    if (weight > bestWeight) [best, bestWeight] = [node, weight];
  }
  if (best === '') throw new RangeError('nodes: expected at least one');
  return best;
}
