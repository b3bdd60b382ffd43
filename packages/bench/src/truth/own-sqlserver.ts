import { OWN_STATEMENTS, OWN_TABLES } from './own-statements.js';
import type { Suite } from './run-suite.js';

/** The schema and the statements written for this measurement, with what only T-SQL has. */
export const SQL_SERVER_SUITE: Suite = {
  name: 'own',
  group: 'own',
  tables: OWN_TABLES,
  statements: [
    ...OWN_STATEMENTS,
    ...[
      'SELECT TOP (2) WITH TIES first_name FROM person ORDER BY children DESC',
      'SELECT p.first_name, x.name FROM person p OUTER APPLY (SELECT TOP 1 name FROM pet WHERE owner_id = p.id ORDER BY id) x',
      'SELECT first_name AS [name], children FROM person FOR JSON PATH',
      'SELECT p.first_name, (SELECT t.name FROM pet t WHERE t.owner_id = p.id FOR JSON AUTO) AS pets FROM person p',
      "SELECT STRING_AGG(name, ', ') WITHIN GROUP (ORDER BY id) FROM pet",
      'SELECT * FROM (SELECT gender, children FROM person) s PIVOT (SUM(children) FOR gender IN ([f], [m])) p',
      'SELECT id, what, value FROM (SELECT id, first_name, last_name FROM person) s UNPIVOT (value FOR what IN (first_name, last_name)) u',
      "INSERT INTO toy (id, name) OUTPUT inserted.id, inserted.name VALUES (70, 'ball')",
      'DELETE FROM toy OUTPUT deleted.name WHERE id = 1',
      "UPDATE p SET first_name = t.name FROM person p JOIN pet t ON t.owner_id = p.id WHERE t.species = 'cat'",
      'MERGE INTO pet AS t USING person AS s ON t.owner_id = s.id WHEN MATCHED THEN UPDATE SET name = s.first_name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (77, s.last_name) OUTPUT $action, inserted.name;',
      'DECLARE @n int; SELECT @n = MAX(children) FROM person; SELECT first_name FROM person WHERE children = @n',
      'SELECT first_name, last_name INTO #names FROM person; SELECT first_name FROM #names; DROP TABLE #names',
      'DECLARE @t TABLE (id int, name nvarchar(50)); INSERT INTO @t SELECT id, name FROM pet; SELECT name FROM @t',
      'IF EXISTS (SELECT 1 FROM person WHERE children > 3) SELECT first_name FROM person ELSE SELECT name FROM pet',
      'BEGIN TRY BEGIN TRAN; UPDATE person SET children = children + 1; COMMIT; END TRY BEGIN CATCH ROLLBACK; SELECT 0 AS failed; END CATCH',
      "EXEC sp_executesql N'SELECT first_name FROM person WHERE id = @id', N'@id int', @id = 1",
      'SELECT first_name, children FROM person ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY',
      "SELECT IIF(children > 1, first_name, last_name), ISNULL(first_name, N'x'), CONVERT(varchar(10), born, 120) FROM person WITH (NOLOCK)",
      'WITH r AS (SELECT id, name FROM pet WHERE id = 1 UNION ALL SELECT p.id, p.name FROM pet p JOIN r ON p.owner_id = r.id + 1) SELECT * FROM r OPTION (MAXRECURSION 10)',
    ].map((sql, at) => ({ id: `own:sqlserver:${String(at + 1).padStart(3, '0')}`, sql })),
  ],
};
