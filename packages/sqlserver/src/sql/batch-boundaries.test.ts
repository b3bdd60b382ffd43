import { describe, expect, it } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

/** Statements whose ends are found by the beginning of the next one alone. */
const FIRST = [
  'ALTER APPLICATION ROLE r WITH NAME = s',
  'ALTER ASSEMBLY a DROP FILE ALL',
  'ALTER AUTHORIZATION ON OBJECT::dbo.t TO SCHEMA OWNER',
  'ALTER DATABASE d SET RECOVERY SIMPLE, AUTO_CLOSE OFF',
  'ALTER DATABASE d MODIFY FILE (NAME = f, SIZE = 5MB)',
  'ALTER DATABASE SCOPED CONFIGURATION SET MAXDOP = 4',
  'ALTER EVENT SESSION s ON SERVER ADD EVENT a.b, DROP EVENT c.d',
  'ALTER FULLTEXT CATALOG c REBUILD',
  'ALTER FULLTEXT INDEX ON t START UPDATE POPULATION',
  'ALTER INDEX ALL ON t REBUILD PARTITION = ALL',
  'ALTER LOGIN l WITH NO CREDENTIAL',
  'ALTER PARTITION FUNCTION f () MERGE RANGE (5)',
  'ALTER RESOURCE GOVERNOR RECONFIGURE',
  'ALTER SEQUENCE s RESTART WITH 1',
  'ALTER SERVER AUDIT a WITH (STATE = ON)',
  'ALTER TABLE t ADD a int NULL CONSTRAINT d DEFAULT 0 WITH VALUES',
  'ALTER TABLE t ALTER COLUMN a int NOT NULL',
  'ALTER TABLE t NOCHECK CONSTRAINT ALL',
  'ALTER TABLE t REBUILD',
  "BACKUP LOG d TO DISK = 'f' WITH NOFORMAT, STATS = 10",
  'BEGIN DIALOG @h FROM SERVICE a TO SERVICE b ON CONTRACT c WITH ENCRYPTION = OFF',
  'BEGIN TRAN x',
  "BULK INSERT t FROM 'f'",
  'CHECKPOINT',
  'COMMIT',
  'CREATE CERTIFICATE c WITH SUBJECT = @s',
  'CREATE DATABASE d COLLATE x WITH TRUSTWORTHY ON',
  'CREATE FULLTEXT CATALOG c AS DEFAULT',
  'CREATE FULLTEXT INDEX ON t (a) KEY INDEX k WITH STOPLIST = SYSTEM',
  'CREATE INDEX i ON t (a) INCLUDE (b) WITH (ONLINE = ON) ON [PRIMARY]',
  'CREATE LOGIN l FROM WINDOWS WITH DEFAULT_DATABASE = d',
  'CREATE PARTITION SCHEME s AS PARTITION f ALL TO ([PRIMARY])',
  'CREATE QUEUE q WITH STATUS = ON',
  'CREATE ROLE r AUTHORIZATION u',
  'CREATE SEQUENCE s AS int START WITH 1 NO CYCLE',
  'CREATE SERVICE s ON QUEUE q',
  'CREATE STATISTICS s ON t (a) WITH FULLSCAN, NORECOMPUTE',
  'CREATE SYNONYM s FOR dbo.t',
  'CREATE TABLE t (a int DEFAULT 0 NOT NULL) ON [PRIMARY]',
  'CREATE TYPE y FROM int NOT NULL',
  'CREATE USER u WITH DEFAULT_SCHEMA = s',
  'DBCC CHECKDB (0) WITH NO_INFOMSGS, ALL_ERRORMSGS',
  'DECLARE @a int, @b int = 1',
  'DECLARE c CURSOR FOR SELECT 1 AS a',
  'DENY SELECT ON t TO u CASCADE',
  'DROP ASSEMBLY a WITH NO DEPENDENTS',
  'DROP TABLE IF EXISTS t, u',
  'EXEC p @a, N',
  'EXEC p WITH RECOMPILE',
  'FETCH NEXT FROM c INTO @a',
  'GRANT SELECT ON t TO u WITH GRANT OPTION',
  'KILL 5',
  'OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c',
  'PRINT @a',
  'RAISERROR (@m, 16, 1) WITH NOWAIT',
  'RECONFIGURE WITH OVERRIDE',
  'RETURN',
  'ROLLBACK TRAN x',
  'SET DATEFORMAT ymd',
  'SET LOCK_TIMEOUT 5',
  'SET STATISTICS IO ON',
  'SET @a = 1',
  'TRUNCATE TABLE t',
  'UPDATE STATISTICS t WITH FULLSCAN',
  'USE d',
  'WAITFOR DELAY @d',
];

const SECOND = [
  'ADD SIGNATURE TO p BY CERTIFICATE c',
  'ALTER TABLE x DROP COLUMN a',
  "BACKUP DATABASE d TO DISK = 'f'",
  'BEGIN DELETE x END',
  "BULK INSERT x FROM 'f'",
  'CLOSE c',
  'CREATE TABLE x (a int)',
  'DBCC PAGE (1, 1, 1)',
  'DEALLOCATE c',
  'DECLARE @x int',
  'DELETE x',
  'DENY SELECT ON x TO u',
  'DROP TABLE x',
  "EXEC ('DELETE x')",
  'EXECUTE p',
  'FETCH c',
  'GOTO l',
  'GRANT SELECT ON x TO u',
  'IF @a = 1 DELETE x',
  'INSERT x VALUES (1)',
  'KILL 6',
  'l: DELETE x',
  'MERGE x USING y ON x.a = y.a WHEN MATCHED THEN DELETE;',
  'OPEN c',
  'PRINT @x',
  'RAISERROR (@m, 16, 1)',
  'READTEXT x.a @p 0 1',
  'RESTORE DATABASE d',
  'REVERT',
  'REVOKE SELECT ON x FROM u',
  'SELECT a FROM x',
  'SET IDENTITY_INSERT x ON',
  'SET @x = (SELECT a FROM x)',
  "SETUSER 'u'",
  'SHUTDOWN',
  'TRUNCATE TABLE x',
  'UPDATE x SET a = 1',
  'USE x',
  'WHILE 1 = 1 DELETE x',
  'WRITETEXT x.a @p @d',
];

function parse(text: string): readonly Statement[] {
  const result = parseUnit(text, { serverVersion: 16, lexical: { quoted_identifier: 'on' } });
  if (!result.ok) throw new Error(`${text}: ${result.failure.message}`);
  return result.unit.statements as readonly Statement[];
}

/** The model of a text without places. */
function model(text: string): unknown[] {
  return parse(text).map(
    (statement) => JSON.parse(JSON.stringify(statement, (key, value: unknown) => (key === 'span' ? undefined : value))) as unknown,
  );
}

describe('statements without anything between them', () => {
  it.each(FIRST)('%s ends where the next one begins', (first) => {
    const alone = model(first);
    expect(alone).toHaveLength(1);
    for (const second of SECOND) expect(model(`${first} ${second}`)).toEqual([...alone, ...model(second)]);
  });
});
