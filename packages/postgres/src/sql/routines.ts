import { joinName, unreachable } from '@sqlwarden/core';
import type {
  DocumentAccess,
  Expression,
  NameParts,
  OperatorName,
  RoutineFacts,
  RoutineKnowledge,
  RoutineUse,
  SettingNames,
  TypeName,
} from '@sqlwarden/core';
import type { PostgresCatalogue, RoutineDetail } from '../catalog/resolved-catalogue.js';
import { BodyPurity } from './body-purity.js';
import { extensionEffect, type RoutineEffect, systemEffect } from './routine-tables.js';
import { type AccessName, documentAccess } from './document-access.js';
import { isTemporarySchema } from './rules.js';
import { TOTAL_CAST_TYPES, totalOf, totalOperators } from './total-routines.js';

/**
 * What is known of PostgreSQL's routines, operators and casts, given a catalogue. Fails closed: a routine of a user whose body is not
 * understood, and of an extension that is not known, is unknown. Of the overloads that a call may mean, the worst counts: which one the
 * server takes depends on types, which are not resolved here.
 */
export function createRoutineKnowledge(catalogue: PostgresCatalogue): RoutineKnowledge {
  return new CatalogueKnowledge(catalogue);
}

const PURE_OPERATOR: RoutineFacts = { name: 'pg_catalog.operator', category: 'pure' };
const PURE_CAST: RoutineFacts = { name: 'pg_catalog.cast', category: 'pure' };
/** The checks of a domain run when something becomes one. */
const SETTING_CAST: RoutineFacts = { ...PURE_CAST, settings: 'unknown' };
const TOTAL_CAST: RoutineFacts = { ...PURE_CAST, total: 'all' };
/** To have one text is to be one value: comparing it tells no more than comparing the value. */
const TEXT_TYPES: ReadonlySet<string> = new Set(['text', 'varchar']);

/** Operators that are written as words, by the symbol that the server looks up. */
const WORD_OPERATORS: Readonly<Record<string, readonly string[]>> = {
  like: ['~~'],
  'not like': ['!~~'],
  ilike: ['~~*'],
  'not ilike': ['!~~*'],
  'similar to': ['~'],
  'not similar to': ['!~'],
  between: ['>=', '<='],
  'not between': ['<', '>'],
  'between symmetric': ['>=', '<='],
  'not between symmetric': ['<', '>'],
  'is json': [],
};

class CatalogueKnowledge implements RoutineKnowledge {
  readonly #catalogue: PostgresCatalogue;
  readonly #purity: BodyPurity;

  constructor(catalogue: PostgresCatalogue) {
    this.#catalogue = catalogue;
    this.#purity = new BodyPurity(this, catalogue);
  }

  routine(
    name: NameParts,
    argumentCount: number,
    searchPath: readonly string[],
    _kind?: 'function' | 'procedure',
    values?: readonly Expression[],
  ): RoutineFacts | undefined {
    const own = name.at(-1);
    if (own === undefined || name.length > 3) return undefined;
    const schemas = name.length > 1 ? name.slice(-2, -1) : searchPath.filter((schema) => !isTemporarySchema(schema));
    const found: RoutineFacts[] = [];
    for (const schema of schemas) {
      for (const detail of this.#catalogue.routines.get(joinName(schema, own)) ?? []) {
        if (argumentCount < detail.minArguments || argumentCount > detail.maxArguments) continue;
        const facts = this.#facts(detail, argumentCount);
        if (facts === undefined) return undefined;
        found.push(facts.settings === undefined ? facts : { ...facts, settings: settingNamed(values) });
      }
    }
    const cast = argumentCount === 1 ? this.#castByCall(name, schemas) : undefined;
    if (cast !== undefined) found.push(cast);
    return worst(found);
  }

  /** `tsquery('a & b')`: the name of a type, called like a function ("Type Casts"). */
  #castByCall(name: NameParts, schemas: readonly string[]): RoutineFacts | undefined {
    const own = name.at(-1) ?? '';
    const known = schemas.some((schema) => this.#catalogue.types.has(joinName(schema, own)));
    return known ? this.cast({ name, array: false }, schemas) : undefined;
  }

  operator(operator: OperatorName, operandCount: number, searchPath: readonly string[]): RoutineFacts | undefined {
    const symbols = WORD_OPERATORS[operator.symbol] ?? [operator.symbol];
    const found: RoutineFacts[] = [{ ...PURE_OPERATOR, ...totalOperators(symbols) }];
    for (const symbol of symbols) {
      for (const candidate of this.#catalogue.operators.get(symbol) ?? []) {
        const reachable = operator.schema === undefined ? searchPath.includes(candidate.schema) : operator.schema === candidate.schema;
        if (!reachable) continue;
        const detail = this.#catalogue.routinesById.get(candidate.routineId);
        const facts = detail && this.#facts(detail, operandCount);
        if (facts === undefined) return undefined;
        found.push(facts);
      }
    }
    return worst(found);
  }

  documentAccess(expression: Expression, searchPath: readonly string[]): DocumentAccess | undefined {
    const access = documentAccess(expression);
    if (access === undefined) return undefined;
    return access.by.every((name) => this.#isSystems(name, searchPath)) ? access : undefined;
  }

  /** Nothing of a user's can be meant by the operator or function of that name. Extensions have such operators for types of their own. */
  #isSystems(by: AccessName, searchPath: readonly string[]): boolean {
    const schemas = by.schema === undefined ? searchPath : [by.schema];
    switch (by.kind) {
      case 'subscript':
        return true;
      case 'operator':
        return (this.#catalogue.operators.get(by.name) ?? []).every(
          ({ schema, routineId }) => !schemas.includes(schema) || this.#catalogue.routinesById.get(routineId)?.extension !== undefined,
        );
      case 'type':
        return schemas.every((schema) => schema === 'pg_catalog' || !this.#catalogue.types.has(joinName(schema, by.name)));
      case 'function':
        return schemas.every((schema) => schema === 'pg_catalog' || !this.#catalogue.routines.has(joinName(schema, by.name)));
      default:
        return unreachable(by.kind);
    }
  }

  cast(type: TypeName, searchPath: readonly string[]): RoutineFacts | undefined {
    const own = type.name.at(-1);
    if (own === undefined) return undefined;
    const schemas = type.name.length > 1 ? type.name.slice(-2, -1) : searchPath;
    const found: RoutineFacts[] = [this.#systemCast(own, schemas, type.array)];
    for (const schema of schemas) {
      for (const id of this.#catalogue.casts.get(joinName(schema, own)) ?? []) {
        const detail = this.#catalogue.routinesById.get(id);
        const facts = detail && this.#facts(detail, 1);
        if (facts === undefined) return undefined;
        found.push(facts);
      }
    }
    return worst(found);
  }

  /** What is known of a type's name holds for the system's own: a domain of that name may be found before it. */
  #systemCast(type: string, schemas: readonly string[], isArray: boolean): RoutineFacts {
    if (schemas.some((schema) => this.#catalogue.setters?.types.has(joinName(schema, type)) === true)) return SETTING_CAST;
    if (isArray) return PURE_CAST;
    const isOwn = schemas.some((schema) => schema !== 'pg_catalog' && this.#catalogue.types.has(joinName(schema, type)));
    if (isOwn) return PURE_CAST;
    const facts = TOTAL_CAST_TYPES.has(type) ? TOTAL_CAST : PURE_CAST;
    return TEXT_TYPES.has(type) ? { ...facts, computes: 'fold' } : facts;
  }

  #facts(detail: RoutineDetail, argumentCount: number): RoutineFacts | undefined {
    const effect = this.#effect(detail, argumentCount);
    if (effect === undefined) return undefined;
    const { routine } = detail;
    return {
      name: joinName(routine.schema, routine.name),
      category: categoryOf(routine.kind),
      ...(routine.returnsSet && { returnsSet: true }),
      ...(detail.columns && { columns: detail.columns }),
      ...(detail.rowOf !== undefined && { rowOf: detail.rowOf }),
      ...(detail.returnsRecord && { returnsRecord: true }),
      ...effect,
    };
  }

  /** An aggregate computes what its functions compute. */
  #aggregateEffect(calls: readonly number[]): RoutineEffect | undefined {
    const known = calls.every((id) => {
      const detail = this.#catalogue.routinesById.get(id);
      const facts = detail && this.#facts(detail, detail.minArguments);
      return facts?.category === 'pure' && facts.opaque === undefined;
    });
    return known ? {} : undefined;
  }

  #effect(detail: RoutineDetail, argumentCount: number): RoutineEffect | undefined {
    const { routine } = detail;
    if (routine.origin === 'system') return { ...totalOf(routine.name), ...systemEffect(routine.name, argumentCount) };
    if (routine.language === 'internal' && RANGE_CONSTRUCTOR.test(routine.body ?? '')) return {};
    if (detail.calls !== undefined) return this.#aggregateEffect(detail.calls);
    // Only a superuser makes functions of these languages; those of others can be added to an extension by who owns it.
    const compiled = routine.language === 'c' || routine.language === 'internal';
    if (compiled && detail.extension !== undefined) return extensionEffect(detail.extension, routine.name);
    return this.#purity.effectOf(detail);
  }
}

/** The functions that CREATE TYPE … AS RANGE makes (typecmds.c): they put their arguments together. */
const RANGE_CONSTRUCTOR = /^(?:multi)?range_constructor[0-3]$/;

function categoryOf(kind: RoutineDetail['routine']['kind']): RoutineUse['category'] {
  if (kind === 'aggregate' || kind === 'window') return kind;
  return kind === 'procedure' ? 'unknown' : 'pure';
}

/** What `set_config` sets: its first argument, whichever way it is written. */
function settingNamed(values: readonly Expression[] | undefined): SettingNames {
  const [name] = values ?? [];
  return name?.kind === 'literal' && typeof name.value === 'string' ? [name.value.toLowerCase()] : 'unknown';
}

/** From what says least against a routine to what says most. */
const SEVERITY = { aggregate: 0, window: 0, pure: 1, volatile: 2, session: 3, elevated: 4, unknown: 5 } as const satisfies Record<
  RoutineUse['category'],
  number
>;

/** What is true of all of them, and what may be true of any. */
function worst(all: readonly RoutineFacts[]): RoutineFacts | undefined {
  const [first, ...rest] = all;
  return first === undefined ? undefined : rest.reduce(merge, first);
}

function merge(a: RoutineFacts, b: RoutineFacts): RoutineFacts {
  if (a === b) return a;
  const [harder, softer] = SEVERITY[b.category] > SEVERITY[a.category] ? [b, a] : [a, b];
  const merged = { ...softer, ...harder };
  const { computes, columns, rowOf, total, ...both } = merged;
  return {
    ...both,
    // Where two overloads return different things, neither is certain.
    ...(a.computes === b.computes && computes !== undefined && { computes }),
    ...(a.total !== undefined && sameTotal(a.total, b.total) && total !== undefined && { total }),
    ...(sameList(a.columns, b.columns) && columns !== undefined && { columns }),
    ...(a.rowOf === b.rowOf && rowOf !== undefined && { rowOf }),
    ...((a.changesState === true || b.changesState === true) && { changesState: true }),
    ...((a.locks === true || b.locks === true) && { locks: true }),
    ...((a.settings !== undefined || b.settings !== undefined) && { settings: bothSettings(a.settings, b.settings) }),
    ...((a.returnsSet === true || b.returnsSet === true) && { returnsSet: true }),
    ...((a.returnsRecord === true || b.returnsRecord === true) && { returnsRecord: true }),
  };
}

function bothSettings(a: SettingNames = [], b: SettingNames = []): SettingNames {
  return a === 'unknown' || b === 'unknown' ? 'unknown' : [...new Set([...a, ...b])];
}

function sameTotal(a: RoutineFacts['total'], b: RoutineFacts['total']): boolean {
  return a === b || (Array.isArray(a) && Array.isArray(b) && a.join() === b.join());
}

function sameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.length === b.length && a.every((item, at) => item === b[at]));
}
