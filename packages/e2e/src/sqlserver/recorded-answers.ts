import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CannedItem, CannedSqlServerColumn, CannedValue } from '@sqlwarden/testkit';
import type { CatalogueChange } from './recorded-catalogue.js';
import { corpusDirectory, filled, type SqlserverCase } from './sqlserver-case.js';
import type { Result } from './sqlserver-client.js';

/**
 * A part of what a server answers, as recordings and the `answer` of a case have it. Cells are texts as T-SQL casts them, `0x…` where they are binary.
 */
export type AnswerItem =
  | {
      readonly columns: readonly (readonly [name: string, type: string])[];
      readonly rows: readonly (readonly Cell[])[];
      readonly noCount?: true;
    }
  /** Rows that were changed; null: DONE without a count. */
  | { readonly count: number | null }
  | { readonly error: number; readonly message: string; readonly state?: number; readonly class?: number }
  | { readonly info: number; readonly message: string }
  | { readonly status: number }
  | { readonly output: string; readonly type: string; readonly value: Cell }
  | { readonly database: string }
  | { readonly transaction: 'begin' | 'commit' | 'rollback' };
type Cell = string | number | null;

/** What a step was answered, and what it made of the catalogue. */
export interface RecordedStep {
  readonly items: readonly AnswerItem[];
  readonly catalogue?: CatalogueChange;
}

/** Of a case: in the first world, and in the second where it is another thing there. */
export interface RecordedCase {
  /** Of the steps: a recording of others is none. */
  readonly digest: string;
  readonly a: readonly RecordedStep[];
  readonly b?: readonly RecordedStep[];
}

export type Recordings = Readonly<Record<string, RecordedCase>>;

export function digestOf(one: SqlserverCase): string {
  return createHash('sha256')
    .update(JSON.stringify([one.as, one.steps]))
    .digest('hex')
    .slice(0, 12);
}

const fileOf = (folder: string, file: string): string => join(corpusDirectory, 'recorded', `${folder}-${file}.yaml`);

/** By `note`, of one file of cases. Each line of the file is a case: YAML that is read as JSON, which is faster. */
export function readRecordings(folder: string, file: string): Recordings {
  const path = fileOf(folder, file);
  if (!existsSync(path)) return {};
  return JSON.parse(`{${readFileSync(path, 'utf8').trimEnd().replaceAll('\n', ',')}}`) as Recordings;
}

export function writeRecordings(folder: string, file: string, recordings: Recordings): void {
  const lines = Object.entries(recordings).map(([note, recorded]) => `${JSON.stringify(note)}: ${JSON.stringify(recorded)}\n`);
  writeFileSync(fileOf(folder, file), lines.join(''));
}

/** What was received, as an answer. The DONE of rows and of errors comes of itself; a call's own DONEPROC and a status of 0, too. */
export function answerOf(reply: readonly Result[]): AnswerItem[] {
  const items: AnswerItem[] = [];
  for (const [at, result] of reply.entries()) {
    const [before, after] = [reply[at - 1], reply[at + 1]];
    switch (result.kind) {
      case 'rows': {
        const rows = result.rows.map((row) => row.map((cell, index) => recordedCell(result.columns[index]?.type ?? '', cell)));
        const noCount = after?.kind === 'count' && after.count === undefined ? { noCount: true as const } : {};
        items.push({ columns: result.columns.map(({ name, type }) => [name, type]), rows, ...noCount });
        break;
      }
      case 'count':
        if (before?.kind !== 'rows' && before?.kind !== 'error' && after?.kind !== 'status') items.push({ count: result.count ?? null });
        break;
      case 'status':
        if (typeof result.value === 'number' && result.value !== 0) items.push({ status: result.value });
        break;
      case 'output':
        items.push({ output: result.name, type: result.type, value: recordedCell(result.type, result.value) });
        break;
      case 'database':
        items.push({ database: result.name });
        break;
      case 'info':
        items.push({ info: result.number, message: result.message });
        break;
      case 'error':
        items.push({ error: result.number, message: result.message, state: result.state, class: result.class });
        break;
    }
  }
  return items;
}

function recordedCell(type: string, cell: Buffer | null): string | null {
  if (cell === null) return null;
  if (isBinary(type)) return `0x${cell.toString('hex')}`;
  const text = cell.toString('utf8');
  if (type.startsWith('bit')) return text === 'true' ? '1' : '0';
  if (!/^(?:small)?date|^time/.test(type)) return text;
  const [day = '', time = ''] = text.replace('Z', '').split('T');
  if (type.startsWith('datetimeoffset')) return `${day} ${time} +00:00`;
  return type.startsWith('date ') || type === 'date' ? day : type.startsWith('time') ? time : `${day} ${time}`;
}

const isBinary = (type: string): boolean => /^(?:var)?binary|^image|^geography|^udt/.test(type);

/** An answer as a canned server gives it. */
export function cannedAnswer(items: readonly AnswerItem[], fill: Readonly<Record<string, string>>): CannedItem[] {
  return items.map((item) => cannedItem(item, (text) => filled(text, fill)));
}

function cannedItem(item: AnswerItem, fill: (text: string) => string): CannedItem {
  if ('rows' in item) {
    const columns = item.columns.map(([name, type]): CannedSqlServerColumn => ({ name: fill(name), type }));
    const rows = item.rows.map((row) => row.map((cell, index) => cannedCell(columns[index]?.type ?? '', cell, fill)));
    return { kind: 'rows', columns, rows, ...(item.noCount === true ? { noCount: true } : {}) };
  }
  if ('count' in item) return { kind: 'count', count: item.count ?? 0, noCount: item.count === null };
  if ('error' in item) {
    const { error: number, message, state = 1, class: level = 16 } = item;
    return { kind: 'error', number, message: fill(message), state, class: level };
  }
  if ('info' in item) return { kind: 'info', number: item.info, message: fill(item.message) };
  if ('status' in item) return { kind: 'return status', value: item.status };
  if ('output' in item) return { kind: 'output', name: item.output, type: item.type, value: cannedCell(item.type, item.value, fill) };
  if ('database' in item) return { kind: 'database', name: fill(item.database) };
  return { kind: 'transaction', action: item.transaction };
}

function cannedCell(type: string, cell: Cell, fill: (text: string) => string): CannedValue {
  if (typeof cell !== 'string') return cell;
  if (isBinary(type)) return Buffer.from(cell.slice(2), 'hex');
  return fill(cell);
}
