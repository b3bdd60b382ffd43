import { describe, expect, it } from '@jest/globals';
import { percentile } from '../cost/percentile.js';
import { parseCsv } from './delimited-text.js';
import { createSchemas, createTable } from './table-shape.js';

describe('comma-separated text', () => {
  it('may have line ends, commas and doubled quotes in quoted fields', () => {
    expect(parseCsv('a,b\n"x, ""y""\nz",1\r\n,"2"')).toEqual([
      { a: 'x, "y"\nz', b: '1' },
      { a: '', b: '2' },
    ]);
  });

  it('may have quotes inside fields that do not begin with one', () => {
    expect(parseCsv('a\nx "y"\n')).toEqual([{ a: 'x "y"' }]);
  });
});

describe('tables', () => {
  const table = {
    schema: 's',
    name: 'Odd`"]name',
    columns: [
      { name: 'id', type: 'integer' as const },
      { name: 'b', type: 'text' as const },
    ],
    key: ['id'],
  };

  it('are made in the words of each dialect', () => {
    expect(createTable('postgres', table)).toBe('CREATE TABLE "s"."Odd`""]name" ("id" bigint NOT NULL, "b" text, PRIMARY KEY ("id"))');
    expect(createTable('mysql', table)).toBe('CREATE TABLE `s`.`Odd``"]name` (`id` bigint NOT NULL, `b` varchar(255), PRIMARY KEY (`id`))');
    expect(createTable('sqlserver', table)).toBe(
      'CREATE TABLE [s].[Odd`"]]name] ([id] bigint NOT NULL, [b] nvarchar(400), PRIMARY KEY ([id]))',
    );
  });

  it('have their schemas made once', () => {
    expect(createSchemas('postgres', [table, table])).toEqual(['CREATE SCHEMA "s"']);
  });
});

describe('percentiles', () => {
  it('are values that were measured', () => {
    const values = [5, 1, 4, 2, 3];
    expect(percentile(values, 0.5)).toBe(3);
    expect(percentile(values, 0.99)).toBe(5);
    expect(percentile([], 0.5)).toBeNaN();
  });
});
