// People who talk, with real keys: what one writes the others read, in every room they are in and in no other.
import { describe, expect, test } from '@jest/globals';
import { decodeEntry } from '../../src/wire/entry.ts';
import { Net } from './net.ts';
import { Person } from './people.ts';

async function people(net: Net, ...names: readonly string[]): Promise<Person[]> {
  const all: Person[] = [];
  for (const name of names) all.push(await Person.join(net, name));
  net.mesh();
  await net.run(1000);
  return all;
}

const RESULT_OK = { ok: true };

describe('three people', () => {
  test('read what each writes, in one order', async () => {
    const net = new Net(1);
    const all = await people(net, 'Ada', 'Bo', 'Cy');
    for (const [i, person] of all.entries()) {
      expect(await net.say(person.device, person.keeper.poolRoom, `from ${i}`)).toMatchObject(RESULT_OK);
      await net.run(100);
    }
    await net.run(1000);
    for (const person of all) expect(await person.texts()).toEqual(['from 0', 'from 1', 'from 2']);
    const fresh = all[2]?.device
      .told('message')
      .filter((event) => event.fresh)
      .map(({ message }) => [message.name, message.text, message.own]);
    expect(fresh).toEqual([
      ['Ada', 'from 0', false],
      ['Bo', 'from 1', false],
      ['Cy', 'from 2', true],
    ]);
  });

  test('see who has got and read what they wrote', async () => {
    const net = new Net(2);
    const [ada, bo] = await people(net, 'Ada', 'Bo');
    if (ada === undefined || bo === undefined) throw new Error('two people');
    const room = ada.keeper.poolRoom;
    await net.say(ada.device, room, 'hello');
    await net.run(1000);
    const [message] = await bo.page();
    if (message === undefined) throw new Error('a message');
    expect(ada.device.told('receipt').at(-1)?.receipt).toMatchObject({ device: bo.id, room, readTo: 0 });
    expect(ada.device.told('receipt').at(-1)?.receipt.deliveredTo).toBeGreaterThanOrEqual(message.created);
    bo.device.act((talk, now) => talk.read(now, room, message.created));
    await net.run(1000);
    expect(ada.device.told('receipt').at(-1)?.receipt).toMatchObject({ device: bo.id, readTo: message.created });
    // It is told again to who comes later.
    ada.restart();
    net.link(ada.device, bo.device);
    await net.run(2000);
    const last = ada.device.told('receipt').at(-1)?.receipt;
    expect(last?.readTo).toBe(message.created);
    expect(last?.deliveredTo).toBeGreaterThanOrEqual(message.created);
  });

  test('whisper, and the third has no byte of it', async () => {
    const net = new Net(3);
    const [ada, bo, cy] = await people(net, 'Ada', 'Bo', 'Cy');
    if (ada === undefined || bo === undefined || cy === undefined) throw new Error('three people');
    const room = ada.keeper.whisper([bo.id]);
    net.sent = [];
    expect(await net.say(ada.device, room, 'between us')).toMatchObject(RESULT_OK);
    await net.run(2000);
    expect(await bo.texts(room)).toEqual(['between us']);
    expect(await net.say(bo.device, room, 'indeed')).toMatchObject(RESULT_OK);
    await net.run(70_000);
    expect(await ada.texts(room)).toEqual(['between us', 'indeed']);
    expect(bo.device.talk.rooms.find(({ id }) => id === room)).toMatchObject({
      kind: 'whisper',
      name: 'Ada',
      open: true,
    });
    for (const { from, to, envelope } of net.sent) {
      if (from !== cy.id && to !== cy.id) continue;
      if (envelope.kind === 'heads') expect(envelope.heads.map(({ chain }) => chain)).not.toContain(room);
      if (envelope.kind === 'entries') {
        expect(envelope.entries.map((bytes) => decodeEntry(bytes)?.chain)).not.toContain(room);
      }
    }
    expect(cy.device.talk.rooms.map(({ id }) => id)).toEqual([cy.keeper.poolRoom]);
    // Asked for by name, it is not given.
    cy.device.act(() =>
      net.send(cy.device, ada.id, {
        kind: 'want',
        want: 77,
        author: ada.id,
        chain: room,
        range: { first: 1, last: 9 },
      }),
    );
    await net.run(500);
    const answers = net.sent.flatMap(({ to, envelope }) =>
      to === cy.id && envelope.kind === 'entries' && envelope.want === 77 ? [envelope.entries] : [],
    );
    expect(answers).toEqual([[]]);
  });

  test('typing is told at most every three seconds, and to those in the room', async () => {
    const net = new Net(4);
    const [ada, bo, cy] = await people(net, 'Ada', 'Bo', 'Cy');
    if (ada === undefined || bo === undefined || cy === undefined) throw new Error('three people');
    for (let i = 0; i < 60; i++) {
      ada.device.act((talk, now) => talk.typing(now, ada.keeper.poolRoom));
      await net.run(100);
    }
    expect(bo.device.told('typing')).toHaveLength(2);
    const room = ada.keeper.whisper([bo.id]);
    await net.say(ada.device, room, 'psst');
    await net.run(1000);
    ada.device.act((talk, now) => talk.typing(now, room));
    await net.run(1000);
    expect(bo.device.told('typing').at(-1)).toMatchObject({ room, device: ada.id, name: 'Ada' });
    expect(cy.device.told('typing')).toHaveLength(2);
  });

  test('who takes a message back sees who has been told', async () => {
    const net = new Net(5);
    const [ada, bo, cy] = await people(net, 'Ada', 'Bo', 'Cy');
    if (ada === undefined || bo === undefined || cy === undefined) throw new Error('three people');
    const room = ada.keeper.poolRoom;
    await net.say(ada.device, room, 'oh no');
    await net.run(1000);
    net.unlink(ada.device, cy.device);
    net.unlink(bo.device, cy.device);
    const [message] = await ada.page();
    if (message === undefined) throw new Error('a message');
    await net.write(ada.device, room, { kind: 'retract', target: message.id });
    await net.run(1000);
    const told = () => ada.device.told('message').at(-1)?.message;
    expect(told()).toMatchObject({ state: 'retracted', text: '', retractedBy: [bo.id] });
    net.mesh();
    await net.run(1000);
    expect(told()?.retractedBy.toSorted()).toEqual([bo.id, cy.id].sort());
    expect(await cy.texts()).toEqual(['retracted']);
  });

  test('fetch what was taken back long after it was said, though what says so comes last', async () => {
    const net = new Net(6);
    const ada = await Person.join(net, 'Ada');
    // One want at a time: what was taken back is asked for long before what says so has come.
    const bo = await Person.join(net, 'Bo', 0, { wantsPerPeerMax: 1 });
    const room = ada.keeper.poolRoom;
    net.link(ada.device, bo.device);
    await net.say(ada.device, room, 'before');
    await net.run(1000);
    net.unlink(ada.device, bo.device);
    await net.say(ada.device, room, 'oh no');
    const [message] = await ada.page();
    if (message === undefined) throw new Error('a message');
    for (let i = 0; i < 600; i++) await net.say(ada.device, room, 'after');
    await net.write(ada.device, room, { kind: 'retract', target: message.id });
    net.link(ada.device, bo.device);
    await net.run(5000);
    expect(bo.device.told('gaps').at(-1)?.gaps ?? []).toEqual([]);
    expect([...bo.device.talk.chains].map(({ ranges }) => ranges)).toEqual([[{ first: 1, last: 605 }]]);
    expect(new Set(await bo.texts())).toEqual(new Set(['before', 'retracted', 'after']));
  });
});
