import { describe, expect, it } from '@jest/globals';
import { shapeOf } from './shape.js';

describe('shapeOf', () => {
  it.each<[string, string]>([
    ['select * from t where id = 7 -- x', 'select * from t where id = ?'],
    ['SELECT *\n  FROM t WHERE id=8', 'select * from t where id = ?'],
    ["SELECT N'a''b', n'c', 'd''' FROM [My Table]", 'select ? , ? , ? from [My Table]'],
    ['SELECT 0xFF, $12.5, 1e3, .5', 'select ? , ? , ? , ?'],
    ['SELECT a /* one /* two */ still */ FROM "T""x"', 'select a from ?'],
    ['SELECT @a, @@ROWCOUNT FROM #t WHERE x IN (1, 2,3)', 'select @a , @@rowcount from #t where x in ( ?, … )'],
    ["SELECT 'never ended", 'select ?'],
    ['SELECT [never ]] ended', 'select [never ]] ended'],
    ['SELECT 1 /* never /* ended */', 'select ?'],
  ])('%j is %j', (text, shape) => expect(shapeOf(text)).toBe(shape));

  it('takes texts of any length', () => {
    expect(shapeOf(`SELECT ${"'x',".repeat(1_000_000)}`).length).toBeLessThan(200_000);
  });
});
