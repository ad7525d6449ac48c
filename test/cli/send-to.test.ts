// `rockpool send --to`: whom a name means, and that nobody else is offered anything.
import { describe, expect, test } from '@jest/globals';
import type { MemberView } from '../../src/client.ts';
import { member, SELF } from './fake-talk.ts';
import { testFolder } from './folder.ts';
import { JO, MARA, settle, start, transfer, until, type FakePool } from './support.ts';

const folder = testFolder();
const verified = { state: 'ended', end: 'verified', doneBytes: 4 } as const;
const tablet = 'c'.repeat(32);

/** Sends a file to these, in a pool where `members` are known. */
async function sendTo(names: readonly string[], members: readonly MemberView[]) {
  const path = await folder.file('a.txt', 'aaaa');
  const words = names.flatMap((name) => ['--to', name]);
  return start(['send', path, '--pool', 'abc', '--json', ...words], {
    before: (pool) => {
      pool.talk.members = [member(SELF, 'me'), ...members];
    },
  });
}

function know(pool: FakePool, one: MemberView): void {
  pool.talk.members = [...pool.talk.members, one];
  pool.emit({ kind: 'member', member: one });
}

describe('send --to', () => {
  test('waits until that person is here, offers it to all of their devices alone, and ends when one has it', async () => {
    const { pool, done, stdout, stderr } = await sendTo(
      ['jo'],
      [member(MARA.id, 'Mara'), member(JO.id, 'Jo'), member(tablet, 'Jo’s tablet', { account: JO.id })],
    );
    await until(() => stderr.text.includes('Waiting for jo.'));
    pool.come(MARA);
    await settle();
    expect(pool.calls).toEqual(['join:abc']);
    pool.come(JO);
    await until(() => stderr.text.includes('Offering a.txt (4 B), only to jo. Waiting for them to take it.'));
    expect(pool.calls.at(-1)).toBe(`offer:1 to ${JO.id},${tablet}`);
    expect(stdout.events.find(({ event }) => event === 'offer')).toMatchObject({ own: true, private: true });
    pool.emit({ kind: 'transfer', transfer: transfer({ peer: tablet, peerName: 'Jo’s tablet', ...verified }) });
    expect(await done).toBe(0);
  });

  test('waits for everybody who is named, and ends when each has it', async () => {
    const { pool, done } = await sendTo(['Jo', 'Mara'], [member(MARA.id, 'Mara'), member(JO.id, 'Jo')]);
    pool.come(JO);
    await settle();
    expect(pool.calls).toEqual(['join:abc']);
    pool.come(MARA);
    await until(() => pool.calls.includes(`offer:1 to ${JO.id},${MARA.id}`));
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '1', peer: JO.id, ...verified }) });
    await settle();
    expect(pool.calls).not.toContain('close');
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '2', ...verified }) });
    expect(await done).toBe(0);
  });

  test('does not take somebody for who they have not shown to be', async () => {
    const { pool, stop, done } = await sendTo(['Jo'], []);
    pool.come(JO);
    await settle();
    expect(pool.calls).toEqual(['join:abc']);
    know(pool, member(JO.id, 'Jo'));
    await until(() => pool.calls.includes(`offer:1 to ${JO.id}`));
    stop('SIGINT');
    expect(await done).toBe(130);
  });

  test('offers nothing when a name is several people’s, here or away, and says so', async () => {
    const { pool, done, stderr, stdout } = await sendTo(['Jo'], [member(JO.id, 'Jo'), member(tablet, 'JO')]);
    expect(await done).toBe(1);
    expect(pool.calls).toEqual(['join:abc', 'close']);
    expect(stderr.text).toContain('2 people who are known here, or were once, are called “Jo”: nothing is offered.');
    expect(stdout.events.find(({ event }) => event === 'error')).toMatchObject({ code: 'unclear-name' });
  });

  test('waits for somebody of that name to show who they are before it takes another for the only one', async () => {
    const { pool, done, stderr } = await sendTo(['Jo'], [member(JO.id, 'Jo')]);
    pool.come({ ...JO, id: tablet });
    pool.come(JO);
    await settle();
    expect(pool.calls).toEqual(['join:abc']);
    know(pool, member(tablet, 'Jo'));
    expect(await done).toBe(1);
    expect(stderr.text).toContain('are called “Jo”: nothing is offered.');
  });

  test('never means this very device, and means another one of the same person', async () => {
    const { pool, stop, done } = await sendTo(['me'], [member(tablet, 'me', { account: SELF, own: true })]);
    await settle();
    expect(pool.calls).toEqual(['join:abc']);
    pool.come({ ...JO, id: tablet, name: 'me' });
    await until(() => pool.calls.includes(`offer:1 to ${tablet}`));
    stop('SIGINT');
    await done;
  });
});
