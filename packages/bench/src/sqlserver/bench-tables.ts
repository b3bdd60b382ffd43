export const ACCOUNTS = 100_000;

/** Of the wide tables. `note` is NULL in every other row, so that rows come as ROW and as NBCROW. */
export const WIDE_COLUMNS = {
  id: 'int not null',
  name: 'nvarchar(60)',
  email: 'varchar(60)',
  phone: 'varchar(20)',
  ssn: 'varchar(40)',
  amount: 'decimal(12, 2)',
  born: 'date',
  city: 'nvarchar(30)',
  note: 'varchar(60)',
  created: 'datetime',
} as const;
export const ACCOUNT_COLUMNS = { aid: 'int not null', abalance: 'int not null', filler: 'char(84) not null' } as const;

export type WideRow = readonly (number | string | null)[];

/** The row with that key, as the load's server stores it. */
export function wideRow(id: number): WideRow {
  const two = String(id % 100).padStart(2, '0');
  const four = String(id % 10_000).padStart(4, '0');
  const day = new Date(Date.UTC(1940, 0, 1 + (id % 20_000))).toISOString().slice(0, 10);
  const time = new Date(Date.UTC(2024, 0, 1, 0, 0, id)).toISOString().slice(0, 19).replace('T', ' ');
  const amount = (((id * 7_919) % 1_000_000) / 100).toFixed(2);
  const note = id % 2 === 0 ? null : 'n'.repeat(40);
  return [
    id,
    `Name of number ${id}`,
    `person${id}@example.com`,
    `+1-555-01${two}-${four}`,
    `900-${two}-${four}`,
    amount,
    day,
    'Cedar Falls',
    note,
    time,
  ];
}

export function balanceOf(aid: number): number {
  return (aid * 7_919) % 10_000;
}
