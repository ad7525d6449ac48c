// Which of the databases' errors are which.
import { describe, expect, test } from '@jest/globals';
import { postgresError, sqliteError } from '../../../signaling/store/errors.ts';

describe('an error of PostgreSQL', () => {
  test.each([
    ['23505', 'duplicate'],
    ['23503', 'missing'],
    ['23514', 'failed'],
    ['40001', 'conflict'],
    ['40P01', 'conflict'],
    ['40003', 'unavailable'],
    ['53100', 'no-space'],
    ['53300', 'unavailable'],
    ['57P01', 'unavailable'],
    ['57P03', 'unavailable'],
    ['57014', 'unavailable'],
    ['08006', 'unavailable'],
    ['22021', 'failed'],
    ['XX000', 'failed'],
    ['EPIPE', 'unavailable'],
    ['ECONNREFUSED', 'unavailable'],
  ])('%s is %s', (state, code) => {
    const cause = Object.assign(new Error('no'), { code: state });
    expect(postgresError(cause)).toMatchObject({ name: 'DatabaseError', code, cause });
  });

  test('without a state is the connection’s', () => {
    expect(postgresError(new Error('Connection terminated unexpectedly'))).toMatchObject({ code: 'unavailable' });
  });
});

describe('an error of SQLite', () => {
  test.each([
    ['UNIQUE constraint failed: accounts.id', true, 'duplicate'],
    ['FOREIGN KEY constraint failed', true, 'missing'],
    ['disk I/O error', true, 'no-space'],
    ['disk I/O error', false, 'failed'],
  ])('%s, with a full disk: %s, is %s', (message, full, code) => {
    expect(sqliteError(new Error(message), full)).toMatchObject({ name: 'DatabaseError', code });
  });
});
