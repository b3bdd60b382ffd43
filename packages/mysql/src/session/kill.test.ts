import { describe, expect, it } from '@jest/globals';
import type { AdmittedStatement } from '@sqlwarden/core';
import { killIn } from './kill.js';

const doing = (action: string): AdmittedStatement => ({
  plan: undefined,
  changesState: false,
  changesSchema: false,
  hasEffects: false,
  action,
  mayCopy: false,
});

describe('KILL in a unit', () => {
  it.each([
    ['KILL 7', 7, 'connection'],
    ['kill connection 7;', 7, 'connection'],
    ['KILL HARD QUERY 8', 8, 'query'],
    ['/* app */ KILL QUERY 9 /* trace */', 9, 'query'],
  ] as const)('is read: %s', (text, id, scope) => {
    expect(killIn(text, [doing('maintain')])).toEqual({ id, scope });
  });

  it.each([
    ['KILL 1 + 1', 'maintain'],
    ['KILL USER root', 'maintain'],
    ['KILL QUERY ID 5', 'maintain'],
    ['/*!50000 KILL 5 */', 'maintain'],
    ['/*M! KILL 5 */', 'maintain'],
    ['KILL 5; KILL 6', 'maintain'],
    ["EXECUTE IMMEDIATE 'KILL 5'", 'execute'],
    ["PREPARE s FROM 'KILL 5'", 'prepare'],
    ['CREATE PROCEDURE p() KILL 5', 'create'],
    ['CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO KILL 5', 'create'],
    ['BEGIN NOT ATOMIC KILL 5; END', 'control'],
  ])('is unclear, and goes nowhere: %s', (text, action) => {
    expect(killIn(text, [doing(action)])).toBe('unclear');
  });

  it.each([
    ["SELECT 'kill 5'", 'select'],
    ['CREATE TABLE kill (a int)', 'create'],
    ['OPTIMIZE TABLE t', 'maintain'],
  ])('is not seen where there is none: %s', (text, action) => {
    expect(killIn(text, [doing(action)])).toBeUndefined();
  });
});
