import type { OpaqueReason, OutputColumn, StatementFacts } from './facts.js';
import type { AnalyseOptions } from './knowledge.js';
import type { NameParts } from './model.js';
import { joinName, type RelationName, splitName } from './names.js';
import type { ResolvedRelation } from './resolve/context.js';
import { type NameContext, TEMPORARY } from './resolve/relations.js';
import { type Column, either, type Outputs, stored } from './resolve/value.js';
import type { Statement } from './statement.js';

/** What the statements of a unit have done so far to what later ones in it mean. */
export class UnitState {
  readonly options: AnalyseOptions;
  readonly relations = new Map<RelationName, ResolvedRelation | 'gone'>();
  readonly routines = new Set<string>();
  readonly schemas = new Set<string>();
  readonly cursors = new Map<string, readonly OutputColumn[] | 'unknown'>();
  readonly prepared = new Map<string, Statement>();
  searchPath: readonly string[];
  /** What the search path was set to in this unit, schemas that do not exist included. */
  searchPathNames: readonly string[] | undefined;
  /** Names can be resolved: nothing out of sight has changed the session's state. */
  stateKnown = true;
  /** The catalogue with the overlay is what the server has. */
  schemaKnown = true;
  stateChanged: boolean;
  schemaChanged = false;

  constructor(options: AnalyseOptions) {
    this.options = options;
    this.searchPath = options.state.searchPath;
    this.stateChanged = options.stateChangedInTransaction;
    for (const [name, outputs] of options.cursors ?? []) this.cursors.set(name, outputs);
    for (const [name, statement] of options.prepared ?? []) this.prepared.set(name, statement);
  }

  get names(): NameContext {
    return { searchPath: this.searchPath, overlay: { relations: this.relations, routines: this.routines, schemas: this.schemas } };
  }

  /** Why what a statement names cannot be relied on; `undefined` when it can. */
  get doubt(): OpaqueReason | undefined {
    if (!this.stateKnown) return { kind: 'session-state', detail: 'an earlier statement may have changed what names mean' };
    if (!this.schemaKnown) return { kind: 'schema-changed', detail: 'an earlier statement may have changed the schema' };
    return undefined;
  }

  /** The full name that a CREATE gives its object. */
  newName(name: NameParts, temporary: boolean): RelationName {
    const own = name.at(-1) ?? '';
    const schema = name.at(-2);
    const { rules } = this.options;
    if (schema !== undefined) return joinName(rules.isTemporarySchema(schema) ? TEMPORARY : schema, own);
    if (temporary) return joinName(TEMPORARY, own);
    const target = this.searchPath.find((part) => !rules.isSystemSchema(part) && !rules.isTemporarySchema(part));
    return target === undefined || !this.stateKnown ? joinName(own) : joinName(target, own);
  }

  /** A relation exists from here on. */
  create(name: RelationName, columns: readonly Column[], more: Partial<ResolvedRelation> = {}): void {
    this.schemaChanged = true;
    this.relations.set(name, { name, outputs: { columns, complete: true }, systemColumns: true, ...more });
  }

  /** A relation is another from here on, in a way that is not simulated. */
  obscure(name: RelationName): void {
    this.schemaChanged = true;
    const outputs: Outputs = { columns: [], complete: false };
    this.relations.set(name, { name, outputs, systemColumns: true, opaque: { kind: 'schema-changed', detail: name } });
  }

  /** A schema exists from here on. Where the search path has been waiting for it, unqualified names mean something else now. */
  addSchema(name: string): void {
    this.schemas.add(name);
    const { rules, state } = this.options;
    const named = this.searchPathNames ?? rules.namedSchemas?.(state);
    if (named?.includes(name) !== false) this.stateKnown = false;
  }

  drop(name: RelationName): void {
    this.schemaChanged = true;
    this.relations.set(name, 'gone');
  }

  /** What a statement may have done out of sight. */
  observe(facts: StatementFacts): void {
    if (facts.cursor !== undefined) this.cursors.set(facts.cursor.name, facts.cursor.outputs);
    if (facts.action === 'explain') return;
    if (facts.opaque.some((reason) => RUNS_CODE.has(reason.kind))) {
      this.stateKnown = false;
      this.schemaKnown = false;
    }
    if (facts.stateEffect === 'unknown') this.stateChanged = true;
  }

  /** A transaction ends: what was changed in it may be changed back. */
  endTransaction(undone: boolean): void {
    if (this.stateChanged) this.stateKnown = false;
    if (this.options.schemaChangedInTransaction || (undone && this.schemaChanged)) this.schemaKnown = false;
  }
}

const RUNS_CODE: ReadonlySet<OpaqueReason['kind']> = new Set<OpaqueReason['kind']>([
  'unknown-node',
  'unknown-routine',
  'dynamic-sql',
  'complexity',
]);

/** Columns of a relation that is made of values: what they carry goes on to be known. */
export function carriedColumns(relation: RelationName, names: readonly string[], outputs: Outputs): Column[] {
  return outputs.columns.map((column, at) => {
    const name = names[at] ?? column.name;
    return { name, value: { ...either([stored(`${relation}.${joinName(name)}`), column.value]), via: [] } };
  });
}

/** The relation of a column name. */
export function relationOf(column: string): RelationName {
  return joinName(...splitName(column).slice(0, -1));
}
