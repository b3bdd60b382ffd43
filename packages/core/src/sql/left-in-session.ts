import { outputValue } from './cursor-outputs.js';
import type { OutputColumn, TemporaryFacts, VariableFacts } from './facts.js';
import type { RelationName } from './names.js';
import { either, originList } from './resolve/value.js';

/** What is left in a session where it is not known which of two units, or parts of one, left it. */

/** A variable that holds what either says; `undefined`: nothing of rows. */
export function eitherVariable(before: VariableFacts | undefined, after: VariableFacts): VariableFacts {
  if (before === undefined) return after;
  return { name: after.name, ...merged([before, after]) };
}

/** Relations that are as one of two says, and may not be there where only one has them. */
export function eitherTemporary(
  before: ReadonlyMap<RelationName, TemporaryFacts>,
  after: readonly TemporaryFacts[],
): ReadonlyMap<RelationName, TemporaryFacts> {
  const all = new Map<RelationName, TemporaryFacts>([...before].map(([name, relation]) => [name, { ...relation, maybe: true }]));
  for (const relation of after) {
    const known = before.get(relation.name);
    all.set(relation.name, known === undefined ? { ...relation, maybe: true } : oneOf(known, relation));
  }
  return all;
}

function oneOf(before: TemporaryFacts, after: TemporaryFacts): TemporaryFacts {
  const maybe = before.maybe === true || after.maybe === true ? { maybe: true } : {};
  return { name: after.name, columns: eitherColumns(before.columns, after.columns), ...maybe };
}

function eitherColumns(before: TemporaryFacts['columns'], after: TemporaryFacts['columns']): TemporaryFacts['columns'] {
  if (before === 'unknown' || after === 'unknown' || before.length !== after.length) return 'unknown';
  const columns: OutputColumn[] = [];
  for (const [at, column] of after.entries()) {
    const known = before[at];
    if (known === undefined || known.name !== column.name) return 'unknown';
    columns.push({ name: column.name, ...merged([known, column]) });
  }
  return columns;
}

function merged(all: readonly Pick<OutputColumn, 'origins' | 'opaque'>[]): Pick<OutputColumn, 'origins' | 'opaque'> {
  const { origins, opaque } = either(all.map((each) => outputValue({ ...each, name: '' })));
  return { origins: originList(origins), opaque };
}
