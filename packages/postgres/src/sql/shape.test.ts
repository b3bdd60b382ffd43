import { describe, expect, it } from '@jest/globals';
import { shapeOf } from './shape.js';

describe('shapeOf', () => {
  it.each([
    ['SELECT * FROM t WHERE id=8', 'select * from t where id = ?'],
    ['select *\nfrom t -- comment\nwhere id = 7.5e3', 'select * from t where id = ?'],
    ["select 'it''s', E'a\\'b', $$x$$, $q$ $$ $q$, b'01'", 'select ? , ? , ? , ? , ?'],
    ['select /* a /* nested */ b */ "Quoted ""name""" from t', 'select "Quoted ""name""" from t'],
    ['insert into t values (1, 2, 3)', 'insert into t values ( ?, … )'],
    ['select $1, $2::text', 'select $1 , $2 : : text'],
    ["select 'never closed from secret", 'select ?'],
    ['', ''],
  ])('%s', (text, shape) => {
    expect(shapeOf(text)).toBe(shape);
  });

  it('holds no constant of the text', () => {
    expect(shapeOf("update people set ssn = '123-45-6789' where id = 4242")).not.toMatch(/123|4242/);
  });

  it('takes linear time on what never ends', () => {
    const started = performance.now();
    for (const piece of ["'", '$a$', '/*', '"', '$', "E'\\", '--']) shapeOf(piece.repeat(60_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
