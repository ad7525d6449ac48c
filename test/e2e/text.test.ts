// Whatever arrives is text: names, messages and file names full of markup are shown letter by letter, and run nothing. The
// policy that stands behind that is strict, and a whole run never needs it.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Person } from './support/person.ts';
import { LIMIT_MS, World } from './support/world.ts';

const MARKUP = '<img src=x onerror="window.ran=1">';

let world: World;

beforeAll(async () => {
  world = await World.open();
}, LIMIT_MS);

// A page that made markup of it would try to run an inline handler: the policy refuses that, and says so here.
afterEach(async () => {
  expect(await world.clear()).toEqual([]);
}, LIMIT_MS);

afterAll(() => world?.close(), LIMIT_MS);

async function expectNothingRan(person: Person): Promise<void> {
  expect(await person.page.locator('img, [onerror]').count()).toBe(0);
  expect(await person.page.evaluate(() => 'ran' in window)).toBe(false);
}

test(
  'markup in names, messages and file names from pages and terminals stays text',
  async () => {
    const pool = world.freshPool();
    const file = `${MARKUP}.txt`;
    const [jo, mara] = [await world.member('Jo', pool), await world.member(MARKUP, pool)];
    const tom = world.terminal('join', pool, '--name', `${MARKUP} Tom`);
    await Promise.all([jo.sees(MARKUP), jo.sees(`${MARKUP} Tom`), mara.sees('Jo')]);
    await jo.conversation.getByText(`${MARKUP} joined`, { exact: true }).waitFor();

    await mara.say(`${MARKUP}<script>window.ran=2</script> and [a link](javascript:window.ran=3)`);
    await jo.hears(`${MARKUP}<script>window.ran=2</script> and [a link](javascript:window.ran=3)`);
    tom.say(`${MARKUP} from a terminal`);
    await Promise.all([mara.hears(`${MARKUP} from a terminal`), jo.hears(`${MARKUP} from a terminal`)]);

    await mara.attach({ name: file, text: 'harmless' });
    await jo.accept(file);
    await Promise.all([jo.isVerified(file), mara.isVerified(file, 'Verified by Jo')]);
    await jo.offer(file).getByText(file, { exact: true }).waitFor();
    await jo.transfers.getByText(file, { exact: true }).waitFor();
    await jo.save(file);
    expect(await jo.conversation.getByRole('link').count()).toBe(0);
    await Promise.all([expectNothingRan(jo), expectNothingRan(mara)]);
  },
  LIMIT_MS,
);

test('the content security policy allows nothing but what this server serves, and no inline code', async () => {
  const { headers } = await fetch(world.url);
  const policy = new Map<string, readonly string[]>();
  for (const directive of (headers.get('content-security-policy') ?? '').split(';')) {
    const [name = '', ...sources] = directive.trim().split(/\s+/u);
    policy.set(name, sources);
  }
  expect(policy.get('default-src')).toEqual(["'none'"]);
  expect(policy.get('script-src')).toEqual(["'self'"]);
  expect(policy.get('style-src')).toEqual(["'self'"]);
  expect(policy.get('worker-src')).toEqual(["'self'"]);
  expect(policy.get('object-src') ?? policy.get('default-src')).toEqual(["'none'"]);
  expect(policy.get('frame-src') ?? policy.get('default-src')).toEqual(["'none'"]);
  for (const name of ['base-uri', 'form-action', 'frame-ancestors']) expect(policy.get(name)).toEqual(["'none'"]);
  const { host } = new URL(world.url);
  expect(policy.get('connect-src')).toEqual(["'self'", `ws://${host}`, `wss://${host}`]);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test(
  'a whole run, from the start screen to leaving, violates the policy nowhere and logs no error',
  async () => {
    const pool = world.freshPool();
    const errors: string[] = [];
    const mara = await world.person('Mara');
    mara.page.on('console', (line) => {
      if (line.type() === 'error') errors.push(line.text());
    });
    // Even those that no console line would tell of.
    await mara.page.evaluate(() => {
      document.addEventListener('securitypolicyviolation', (event) => console.error(event.violatedDirective));
    });
    await mara.join(pool);
    const jo = await world.member('Jo', pool);
    await mara.sees('Jo');
    await mara.button('QR code').click();
    await mara.page.getByRole('dialog', { name: 'Bring others in' }).waitFor();
    await mara.page.keyboard.press('Escape');
    await mara.say('see https://example.org/ for more');
    await jo.conversation.getByRole('link', { name: 'https://example.org/' }).waitFor();
    await jo.attach({ name: 'letter.txt', text: 'Dear Mara' });
    await mara.accept('letter.txt');
    await mara.isVerified('letter.txt');
    await mara.save('letter.txt');
    await mara.button('Leave pool').click();
    await mara.button('Join pool').waitFor();
    expect(errors).toEqual([]);
  },
  LIMIT_MS,
);
