// Makes readable pool codes, such as `calm-otter-cove-41729`, for people who start a pool here.
import { randomInt } from 'node:crypto';

// 32 words a place, easy to say and to spell.
const MOODS =
  'amber blue bold brave bright calm clear cool crisp deep early fair fresh gentle glad golden green keen kind light ' +
  'lucky mild misty noble proud quick quiet silver still swift warm wild';
const ANIMALS =
  'badger beaver bison crane dolphin eagle falcon ferret finch fox gecko heron ibis koala lark lemur lynx marten mole ' +
  'newt otter owl panda puffin raven robin seal sparrow stork swan tiger turtle';
const PLACES =
  'bay beach bend bluff bridge brook canal cape cove creek dale delta dune fjord glen grove harbor hill island lagoon ' +
  'lake marsh meadow moor pond reef ridge river shore spring strand valley';

/**
 * A fresh code of three words and five digits: 32^3 * 90,000, about 31 bits. Whoever knows the code can join, so it
 * is long enough not to be met by trying (the server limits joins), and short enough to be read aloud.
 */
export function freshPoolCode(): string {
  return `${pick(MOODS)}-${pick(ANIMALS)}-${pick(PLACES)}-${randomInt(10_000, 100_000)}`;
}

function pick(words: string): string {
  const list = words.split(' ');
  return list[randomInt(list.length)] ?? 'pool';
}
