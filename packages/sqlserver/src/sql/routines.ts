import { joinName } from '@sqlwarden/core';
import type { Expression, NameParts, OperatorName, RoutineFacts, RoutineKnowledge, TypeName } from '@sqlwarden/core';
import type { SqlserverCatalogue } from '../catalog/resolved-catalogue.js';
import { builtInFunction, tableFunction } from './functions.js';
import { OF_DATES } from './functions-scalar.js';
import { comparesSafely, Families, type Family, type Source } from './routines-conversion.js';
import { SYSTEM_PROCEDURES } from './routines-system.js';

/**
 * What is known of functions, procedures, operators and casts, given a catalogue. A name alone is a function of the server, or a procedure or
 * table-valued function of the search path; scalar functions of users have their schema before them. Procedures of the system are found
 * first, from whatever schema or database they are called ("System stored procedures"). Fails closed: what is not known is `undefined`. Routines of users
 * are opaque here; what is known of those whose bodies are readable comes from the bodies.
 */
export function createRoutineKnowledge(catalogue: SqlserverCatalogue): RoutineKnowledge {
  return new CatalogueKnowledge(catalogue);
}

const PURE_OPERATOR: RoutineFacts = { name: 'sys.operator', category: 'pure' };
const TOTAL_OPERATOR: RoutineFacts = { ...PURE_OPERATOR, total: 'all' };
const PURE_CAST: RoutineFacts = { name: 'sys.cast', category: 'pure' };
const TOTAL_CAST: RoutineFacts = { ...PURE_CAST, total: 'all' };

/** Everything that can be converted to a string without a length can be so whatever its value. */
const TEXT_TYPES: ReadonlySet<string> = new Set(['varchar', 'nvarchar', 'char', 'nchar', 'text', 'ntext', 'sysname', 'sql_variant']);
const COMPARING: ReadonlySet<string> = new Set(
  '=,<>,!=,<,<=,>,>=,!<,!>,in,not in,between,not between,is distinct from,is not distinct from'.split(','),
);
const OF_STRINGS: ReadonlySet<string> = new Set(['||', 'like', 'not like', 'contains', 'freetext']);

/** Databases of the server itself, where its procedures are called, too. */
const SYSTEM_DATABASES: ReadonlySet<string> = new Set(['master', 'msdb', 'tempdb', 'model', 'mssqlsystemresource']);
/** Types whose static methods are written like functions of a schema: `geography::Point(…)`. */
const STATIC_TYPES: ReadonlySet<string> = new Set(['geometry', 'geography', 'hierarchyid']);

type RoutineKind = 'function' | 'procedure';

class CatalogueKnowledge implements RoutineKnowledge {
  readonly #catalogue: SqlserverCatalogue;
  readonly #families: Families;

  constructor(catalogue: SqlserverCatalogue) {
    this.#catalogue = catalogue;
    this.#families = new Families(catalogue.catalogue);
  }

  routine(
    name: NameParts,
    argumentCount: number,
    searchPath: readonly string[],
    kind?: RoutineKind,
    operands?: readonly Expression[],
    sources?: readonly Source[],
  ): RoutineFacts | undefined {
    const own = name.at(-1);
    if (own === undefined || name.length > 3) return undefined;
    const [schema, database] = [name.at(-2) ?? '', name.at(-3) ?? ''];
    const families = operands === undefined ? [] : this.#familiesOf(operands, sources);
    const system = withReplacement(this.#system(own, schema, argumentCount, kind, families), () =>
      this.#families.replaces(operands ?? [], sources ?? []),
    );
    const isLocal = database === '' || database === this.#catalogue.catalogue.database.toLowerCase();
    if (!isLocal && !SYSTEM_DATABASES.has(database)) return undefined;
    const user = isLocal ? this.#user(own, schema === '' ? searchPath : [schema]) : undefined;
    // A procedure of the system wins; of one name alone a function and a procedure of a user may both be meant.
    if (system === undefined || isProcedure(own)) return system ?? user;
    return kind === undefined && schema === '' ? (user ?? system) : system;
  }

  operator(
    operator: OperatorName,
    _operandCount: number,
    _searchPath: readonly string[],
    operands?: readonly Expression[],
    sources?: readonly Source[],
  ): RoutineFacts {
    const { symbol } = operator;
    if (OF_STRINGS.has(symbol)) return TOTAL_OPERATOR;
    if (operands === undefined) return PURE_OPERATOR;
    const families = this.#familiesOf(operands, sources);
    // A concatenation never fails; an addition may.
    const isTotal = COMPARING.has(symbol)
      ? comparesSafely(families)
      : symbol === '+' && this.#families.sum(operands, families) === 'string';
    return isTotal ? TOTAL_OPERATOR : PURE_OPERATOR;
  }

  cast(type: TypeName, _searchPath: readonly string[], source?: Source): RoutineFacts | undefined {
    const own = type.name.at(-1) ?? '';
    const isSystem = type.name.length === 1 || type.name.at(-2) === 'sys';
    // Types of users are other names of types of the system, or of tables, or assemblies: which code a conversion to the latter runs is not known.
    if (!isSystem) return this.#catalogue.assemblyTypes.has(joinName(...type.name.slice(-2))) ? undefined : PURE_CAST;
    const isCut = type.modified === true;
    return (TEXT_TYPES.has(own) && !isCut) || this.#families.converts(source, own, isCut) ? TOTAL_CAST : PURE_CAST;
  }

  mixes(whole: Expression | undefined, operands: readonly (Expression | undefined)[], sources: readonly Source[]): readonly number[] {
    const name = whole?.kind === 'construct' ? whole.name : 'case';
    if (name === 'case' || name === 'coalesce') return this.#families.mix(whole, operands, sources);
    const written = operands.filter((operand) => operand !== undefined);
    if (name === 'choose') {
      const [index, ...rest] = this.#familiesOf(written, sources);
      const failing = this.#families.mix(whole, operands.slice(1), sources.slice(1)).map((at) => at + 1);
      return rest.length === 0 || index === 'number' || index === 'constant' ? failing : [0, ...failing];
    }
    if (name !== 'nullif' && name !== 'tsequal') return [];
    if (whole !== undefined) this.#families.mix(whole, operands.slice(0, 1), sources);
    return comparesSafely(this.#familiesOf(written, sources)) ? [] : [...operands.keys()];
  }

  fits({ name, modified }: TypeName, value: Expression | undefined, source: Source): boolean {
    return this.#families.fits(value, source, name.length === 1 || name.at(-2) === 'sys' ? (name.at(-1) ?? '') : '', modified === true);
  }

  #familiesOf(operands: readonly Expression[], sources: readonly Source[] | undefined): Family[] {
    return operands.map((operand, at) => this.#families.of(operand, sources?.[at]));
  }

  #system(
    own: string,
    schema: string,
    argumentCount: number,
    kind: RoutineKind | undefined,
    families: readonly Family[],
  ): RoutineFacts | undefined {
    const name = joinName('sys', own);
    const procedure = kind !== 'function' && isProcedure(own) ? SYSTEM_PROCEDURES.get(own) : undefined;
    if (procedure !== undefined) return { name, ...procedure };
    if (kind === 'procedure') return undefined;
    if (STATIC_TYPES.has(schema)) return { name: joinName(schema, own), category: 'pure' };
    if (schema === 'sys') return this.#tableFunction(own);
    const builtIn = schema === '' ? builtInFunction(own) : undefined;
    if (builtIn === undefined) return undefined;
    const onDates = OF_DATES.has(own) && families.length > 0 && families.every((family) => family !== 'string' && family !== 'unknown');
    return {
      name,
      ...builtIn,
      ...(onDates && { total: 'all' }),
      // The ordinal is only there when it is asked for.
      ...(own === 'string_split' && argumentCount < 3 && { columns: ['value'] }),
    };
  }

  /** The columns of the functions of `sys` are those of the catalogue. */
  #tableFunction(own: string): RoutineFacts | undefined {
    const effect = tableFunction(own);
    const columns = this.#catalogue.functionColumns.get(joinName('sys', own));
    return effect && { name: joinName('sys', own), ...effect, ...(columns && { columns }) };
  }

  #user(own: string, schemas: readonly string[]): RoutineFacts | undefined {
    for (const schema of schemas) {
      const name = this.#catalogue.routineSynonyms.get(joinName(schema, own)) ?? joinName(schema, own);
      const [routine] = this.#catalogue.catalogue.routines.get(name) ?? [];
      if (routine === undefined || routine.origin === 'system') continue;
      const columns = this.#catalogue.functionColumns.get(name);
      return {
        name,
        category: routine.kind === 'aggregate' ? 'aggregate' : 'unknown',
        opaque: { kind: 'unknown-routine', detail: `the body of ${name} is not known` },
        ...(routine.returnsSet && { returnsSet: true }),
        ...(columns && { columns }),
      };
    }
    return undefined;
  }
}

/** ISNULL fails where its second argument does not become of the type of the first. */
function withReplacement(facts: RoutineFacts | undefined, failing: () => readonly number[]): RoutineFacts | undefined {
  return facts?.name !== 'sys.isnull' || failing().length === 0 ? facts : { ...facts, total: [0] };
}

function isProcedure(name: string): boolean {
  return name.startsWith('sp_') || name.startsWith('xp_');
}
