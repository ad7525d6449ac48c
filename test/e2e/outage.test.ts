// The server crashes and comes back in the middle of a file: the file goes on, and everyone is back in the pool unasked.
import { expect, test } from '@jest/globals';
import { sha256Of } from '../cli/terminal.ts';
import { BULK_LIMIT_MS, MIB, type World, withWorld } from './support/world.ts';

const LARGE_BYTES = 48 * MIB;
/** Slow enough to be still on its way when the server is back, MB/s. */
const SLOWLY = 2;
const FILE = 'program.bin';
const UNREACHABLE = /^Server unreachable\. Links to people stay up;/u;

let world: World;
withWorld((opened) => (world = opened));

test(
  'a server killed and restarted midway stops neither file nor talk, and newcomers find everyone',
  async () => {
    const pool = world.freshPool();
    const [mara, jo] = [await world.member('Mara', pool), await world.member('Jo', pool)];
    await mara.sees('Jo');
    await jo.receiveAtMost(SLOWLY);
    const path = await world.fileOf(FILE, LARGE_BYTES);
    await mara.attach(path);
    await jo.accept(FILE);
    await jo.isMidway(FILE);

    await world.killServer();
    await Promise.all([mara, jo].map((each) => each.page.getByText(UNREACHABLE).waitFor()));
    await mara.say('is anybody still there?');
    await jo.hears('is anybody still there?');
    await world.restartServer();
    await Promise.all([mara, jo].map((each) => each.page.getByText(UNREACHABLE).waitFor({ state: 'detached' })));
    expect(await jo.offer(FILE).getByText('Verified', { exact: true }).count()).toBe(0);
    await jo.receiveUnlimited();

    const tom = world.terminal('join', pool, '--name', 'Tom');
    await Promise.all([mara.sees('Tom'), jo.sees('Tom')]);
    await tom.event('peer-changed', ({ name, path }) => name === 'Mara' && path === 'direct');
    await tom.event('peer-changed', ({ name, path }) => name === 'Jo' && path === 'direct');
    tom.say('I came after the restart');
    await Promise.all([mara.hears('I came after the restart'), jo.hears('I came after the restart')]);

    await Promise.all([jo.isVerified(FILE), mara.isVerified(FILE, 'Verified by Jo')]);
    const download = await jo.save(FILE);
    expect(await sha256Of(await download.path())).toBe(await sha256Of(path));
    // Nobody ever left; nobody and nothing is there twice.
    expect(await jo.people.getByRole('listitem').count()).toBe(3);
    expect(await jo.conversation.getByRole('article').count()).toBe(1);
    expect(await jo.conversation.getByText('Mara left').count()).toBe(0);
    expect(await mara.conversation.getByText('Jo left').count()).toBe(0);
  },
  BULK_LIMIT_MS,
);
