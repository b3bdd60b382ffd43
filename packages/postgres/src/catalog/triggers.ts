import { joinName } from '@sqlwarden/core';
import type { Catalogue, CreateTrigger, Expression, RelationName, Statement, StoredBody } from '@sqlwarden/core';
import type { TriggerDefinition } from './definitions.js';
import type { RoutineDetail } from './resolved-catalogue.js';

/**
 * What writing a relation runs: the functions of its triggers and the actions of its rules. Writing a parent writes its children, so theirs
 * count as its own.
 */
export function readTriggers(
  definitions: Iterable<TriggerDefinition>,
  { relations, relationsById }: Pick<Catalogue, 'relations' | 'relationsById'>,
  routines: ReadonlyMap<number, RoutineDetail>,
): ReadonlyMap<RelationName, readonly (StoredBody | undefined)[]> {
  const found = new Map<RelationName, (StoredBody | undefined)[]>();
  for (const definition of definitions) {
    const body = bodyOf(definition, routines);
    const seen = new Set<RelationName>();
    const waiting = [relationsById.get(definition.relationId)];
    for (let relation = waiting.pop(); relation !== undefined; relation = waiting.pop()) {
      const name = joinName(relation.schema, relation.name);
      if (seen.has(name)) continue;
      seen.add(name);
      found.set(name, [...(found.get(name) ?? []), body]);
      waiting.push(...relation.parents.map((parent) => relations.get(parent)));
    }
  }
  return found;
}

function bodyOf({ definition, routineId }: TriggerDefinition, routines: ReadonlyMap<number, RoutineDetail>): StoredBody | undefined {
  if (definition === undefined) return undefined;
  // Page "CREATE RULE": RETURNING of an action is what the command's own RETURNING gives.
  if (definition.kind === 'create-rule')
    return { ...ROW_BODY, statements: when(definition.where, definition.actions), returnsWritten: true };
  const detail = routineId === undefined ? undefined : routines.get(routineId);
  if (detail === undefined) return undefined;
  const statements = detail.body ?? systemBody(definition, detail);
  if (statements === undefined) return undefined;
  const { searchPath, routine } = detail;
  return {
    ...ROW_BODY,
    statements: when(definition.when, statements),
    ...(definition.events && { events: definition.events }),
    ...(searchPath && { searchPath }),
    ...(routine.securityDefiner && { securityDefiner: true }),
  };
}

const ROW_BODY = { parameters: [], returns: 'nothing', rows: { old: 'old', new: 'new' } } as const satisfies Partial<StoredBody>;

function when(condition: Expression | undefined, statements: readonly Statement[]): readonly Statement[] {
  const [first] = statements;
  return condition === undefined || first === undefined
    ? statements
    : [{ kind: 'if', span: first.span, branches: [{ condition, statements }] }];
}

/** The trigger functions of the system ("Trigger Functions", "Triggers for Automatic Updates"); they have no body. */
function systemBody(
  { span, arguments: [target, ...sources] }: CreateTrigger,
  { routine }: RoutineDetail,
): readonly Statement[] | undefined {
  if (routine.origin !== 'system') return undefined;
  if (routine.name === 'suppress_redundant_updates_trigger') return [];
  if (!routine.name.startsWith('tsvector_update_trigger') || target === undefined) return undefined;
  // The first of the other arguments names the configuration, or the column that holds it.
  const operands = sources.slice(1).map((name): Expression => ({ kind: 'column', qualifier: ['new'], name }));
  const value: Expression = { kind: 'construct', name: routine.name, operands };
  return [{ kind: 'assign', span, target: { kind: 'column', qualifier: ['new'], name: target }, value }];
}
