// Progress as it appears: redrawn in place on a terminal, now and then elsewhere, bounded events in json mode.
import { describe, expect, test } from '@jest/globals';
import { Board } from '../../cli/board.ts';
import { Screen } from '../../cli/screen.ts';
import { Sink, transfer } from './support.ts';

function stage(
  tty: boolean,
  json = false,
): { board: Board; screen: Screen; out: Sink; err: Sink; clock: { ms: number } } {
  const out = new Sink(tty);
  const err = new Sink(tty);
  const clock = { ms: 0 };
  const screen = new Screen({ stdout: out, stderr: err, env: {} }, json);
  return { board: new Board(screen, err, { now: () => clock.ms }), screen, out, err, clock };
}

describe('on a terminal', () => {
  test('two transfers stand on two lines that are overwritten in place', () => {
    const { board, err, clock } = stage(true);
    board.update(transfer({ id: 'one', name: 'one.bin', bytes: 100 }));
    board.update(transfer({ id: 'two', name: 'two.bin', bytes: 100 }));
    err.text = '';
    clock.ms = 100;
    board.update(transfer({ id: 'one', name: 'one.bin', bytes: 100, doneBytes: 50 }));
    expect(err.text.startsWith('\r\u001b[2A')).toBe(true);
    expect(err.text).toMatch(/one\.bin .* 50% .*\n.*two\.bin .* 0% .*\n/);
  });

  test('updates that come faster than ten a second are not drawn', () => {
    const { board, err, clock } = stage(true);
    board.update(transfer({}));
    err.text = '';
    clock.ms = 99;
    board.update(transfer({ doneBytes: 2 }));
    expect(err.text).toBe('');
  });

  test('an ended transfer leaves no line behind', () => {
    const { board, err } = stage(true);
    board.update(transfer({}));
    err.text = '';
    board.update(transfer({ state: 'ended', end: 'verified' }));
    expect(err.text).toBe('\r\u001b[1A\u001b[J');
  });

  test('a second look at a file stands there while it goes on', () => {
    const { board, err } = stage(true);
    const verified = transfer({ direction: 'in', bytes: 100, doneBytes: 100, state: 'ended', end: 'verified' });
    board.update({ ...verified, recheck: { doneBytes: 50, wrongChunks: 0, done: false, seconds: 1 } });
    expect(err.text).toMatch(/a\.txt .* 50% .*from the disk.*\n/);
    err.text = '';
    board.update({ ...verified, recheck: { doneBytes: 100, wrongChunks: 0, done: true, seconds: 2 } });
    expect(err.text).toBe('\r\u001b[1A\u001b[J');
  });

  test('a line printed meanwhile stands above the progress lines', () => {
    const { board, screen, err } = stage(true);
    board.update(transfer({}));
    err.text = '';
    screen.note('Mara left.');
    expect(err.text).toMatch(/^\r\u001b\[1A\u001b\[J.*Mara left\..*\n.*a\.txt/);
  });

  test('more transfers than fit are counted', () => {
    const { board, err, clock } = stage(true);
    for (let each = 0; each < 20; each += 1) board.update(transfer({ id: `t${each}` }));
    clock.ms = 1000;
    err.text = '';
    board.update(transfer({ id: 't0' }));
    expect(err.text).toContain('and 12 more');
    expect(err.text.split('\n')).toHaveLength(10);
  });

  test('a peer’s name cannot steer the terminal', () => {
    const { board, err } = stage(true);
    board.update(transfer({ name: 'a\u001b[2Jb', peerName: '\u009b31m' }));
    expect(err.text).not.toContain('\u001b[2J');
    expect(err.text).not.toContain('\u009b');
  });
});

describe('elsewhere', () => {
  test('a plain line comes every five seconds', () => {
    const { board, err, clock } = stage(false);
    board.update(transfer({ bytes: 100 }));
    clock.ms = 4999;
    board.update(transfer({ bytes: 100, doneBytes: 20 }));
    expect(err.text).toBe('');
    clock.ms = 5000;
    board.update(transfer({ bytes: 100, doneBytes: 50, bytesPerSecond: 10 }));
    expect(err.text).toBe('a.txt to Mara: 50%, 10 B/s, 5 s left\n');
  });
});

describe('what does not move', () => {
  test('is said once elsewhere, with the reason, and again when it goes on', () => {
    const { board, err, clock } = stage(false);
    const half = { direction: 'in', bytes: 100, doneBytes: 50, bytesPerSecond: 10 } as const;
    board.update(transfer({ ...half, state: 'queued' }));
    board.update(transfer(half));
    expect(err.text).toBe('');
    for (clock.ms = 0; clock.ms < 20_000; clock.ms += 1000) board.update(transfer({ ...half, state: 'waiting' }));
    board.update(transfer(half));
    expect(err.text).toBe('a.txt from Mara: 50%, waits for a source\na.txt from Mara: 50%, 10 B/s, 5 s left\n');
  });

  test('is told in json mode when it changes', () => {
    const { board, out } = stage(true, true);
    for (const state of ['queued', 'running', 'paused', 'paused', 'running'] as const)
      board.update(transfer({ state }));
    expect(out.events.map((event) => event['state'])).toEqual(['queued', 'running', 'paused', 'running']);
  });
});

describe('above a prompt', () => {
  test('progress lines are drawn while it steps aside, and what was typed goes above them', () => {
    const { board, err, clock } = stage(true);
    board.prompt = { hide: () => err.write('<hide>'), show: () => err.write('<show>') };
    board.update(transfer({}));
    expect(err.text).toMatch(/^<show><hide>.*a\.txt.*\n.*<show>$/su);
    err.text = '';
    board.typed('> hello', true);
    expect(err.text).toMatch(/^\r\u001b\[2A\u001b\[J> hello\n.*a\.txt/u);
    err.text = '';
    clock.ms = 1000;
    board.update(transfer({ doneBytes: 2 }));
    expect(err.text.startsWith('<hide>\r\u001b[1A')).toBe(true);
  });

  test('what was typed vanishes, all its lines, if it is to come back otherwise', () => {
    const { board, err } = stage(true);
    board.typed('> hello', true);
    expect(err.text).toBe('');
    board.typed(`> ${'x'.repeat(90)}`, false);
    expect(err.text).toBe('\r\u001b[2A\u001b[J');
  });
});

describe('in json mode', () => {
  test('each transfer gives at most four events a second, with bytes, total and speed', () => {
    const { board, out, err, clock } = stage(true, true);
    for (clock.ms = 0; clock.ms < 1000; clock.ms += 10) {
      board.update(transfer({ id: 'one', bytes: 1000, doneBytes: clock.ms, bytesPerSecond: 1000.4 }));
      board.update(transfer({ id: 'two', bytes: 1000, doneBytes: clock.ms }));
    }
    expect(out.events).toHaveLength(8);
    expect(out.events[2]).toMatchObject({
      event: 'progress',
      transfer: 'one',
      bytes: 250,
      total: 1000,
      bytesPerSecond: 1000,
    });
    expect(err.text).toBe('');
  });

  test('an event says state, sources, what was kept, what limits it, and a folder’s facts', () => {
    const { board, out } = stage(true, true);
    const folder = { entries: 2, contentBytes: 3 };
    const sources = [{ peer: 'p', peerName: 'Jo', bytesPerSecond: 9.6, bytes: 1, wrongChunks: 0 }];
    board.update(transfer({ direction: 'in', keptBytes: 2, limit: 'cap', folder, sources }));
    expect(out.events[0]).toMatchObject({
      state: 'running',
      keptBytes: 2,
      limit: 'cap',
      folder,
      sources: [{ peer: 'p', name: 'Jo', bytesPerSecond: 10, bytes: 1, wrongChunks: 0 }],
    });
  });
});
