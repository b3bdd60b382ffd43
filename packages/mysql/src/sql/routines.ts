import { joinName, splitName } from '@sqlwarden/core';
import type { ColumnName, Expression, NameParts, OperatorName, RoutineFacts, RoutineKnowledge, Sources, TypeName } from '@sqlwarden/core';
import type { MysqlCatalogue } from '../catalog/resolved-catalogue.js';
import { builtInFunction } from './functions.js';
import { SYSTEM_ROUTINES } from './functions-effects.js';
import { type Family, familyOf, type Given, quietly, quietSides } from './routines-quiet.js';
import { COMPARING_OPERATORS, NUMBER_TYPES, TOTAL_OPERATORS, TOTAL_TYPES } from './routines-total.js';

/**
 * What is known of functions, procedures, operators and casts, given a catalogue ("Function Name Parsing and Resolution"): a name alone is a
 * function of the server, else a loadable one, else a stored one of the default schema; with a schema it is a stored one. Functions of
 * the server are named as if they stood in `mysql`. Fails closed: what is not known is `undefined`. Stored routines are opaque here; what is
 * known of those whose bodies are readable comes from the bodies.
 */
export function createRoutineKnowledge(catalogue: MysqlCatalogue): RoutineKnowledge {
  return new CatalogueKnowledge(catalogue);
}

const PURE_OPERATOR: RoutineFacts = { name: 'mysql.operator', category: 'pure' };
const TOTAL_OPERATOR: RoutineFacts = { ...PURE_OPERATOR, total: 'all' };
/** A pattern with an error in it fails, and so does an ESCAPE of more than one character; a value never does. */
const MATCHING_OPERATOR: RoutineFacts = { ...PURE_OPERATOR, total: [0] };
const MATCHING: ReadonlySet<string> = new Set(['regexp', 'rlike', 'not regexp', 'not rlike', 'like', 'not like', 'match', 'match against']);
const PURE_CAST: RoutineFacts = { name: 'mysql.cast', category: 'pure' };
const TOTAL_CAST: RoutineFacts = { ...PURE_CAST, total: 'all' };
/** To have one text is to be one value: comparing it tells no more than comparing the value. */
const TEXT_CAST: RoutineFacts = { ...TOTAL_CAST, computes: 'fold' };
const TEXT_TYPES: ReadonlySet<string> = new Set(['char', 'nchar', 'varchar']);

class CatalogueKnowledge implements RoutineKnowledge {
  readonly #catalogue: MysqlCatalogue;

  constructor(catalogue: MysqlCatalogue) {
    this.#catalogue = catalogue;
  }

  routine(
    name: NameParts,
    argumentCount: number,
    searchPath: readonly string[],
    kind?: 'function' | 'procedure',
    expressions?: readonly Expression[],
    sources?: Sources,
  ): RoutineFacts | undefined {
    const own = name.at(-1);
    const schema = name.at(-2);
    if (own === undefined || name.length > 2) return undefined;
    if (schema !== undefined) return this.#stored(schema, own);
    const stored = this.#firstStored(own, searchPath);
    if (kind === 'procedure') return stored;
    if (this.#catalogue.loadable.has(own)) return undefined;
    const builtIn = builtInFunction(own, argumentCount, this.#catalogue.flavour);
    // Of one name are a function of some versions of the server, and a stored routine: which one is meant is not certain.
    const given = this.#given(expressions, sources);
    return stored ?? (builtIn && { name: joinName('mysql', own), ...(given === undefined ? builtIn : quietly(own, builtIn, given)) });
  }

  operator(
    operator: OperatorName,
    operandCount: number,
    _searchPath?: readonly string[],
    operands?: readonly Expression[],
    sources?: Sources,
  ): RoutineFacts {
    const { symbol } = operator;
    if (COMPARING_OPERATORS.has(symbol)) return this.#comparison(this.#given(operands, sources));
    if (MATCHING.has(symbol))
      return operandCount === 2 && symbol.endsWith('like') && symbol !== 'rlike' ? TOTAL_OPERATOR : MATCHING_OPERATOR;
    return TOTAL_OPERATORS.has(symbol) ? TOTAL_OPERATOR : PURE_OPERATOR;
  }

  cast(type: TypeName, _searchPath?: readonly string[], source?: readonly ColumnName[]): RoutineFacts {
    const own = type.name.at(-1) ?? '';
    if (TEXT_TYPES.has(own) && type.modified !== true) return TEXT_CAST;
    const family = this.#family(source);
    const isQuiet = family === 'temporal' || (family === 'number' && NUMBER_TYPES.has(own));
    return isQuiet && TOTAL_TYPES.has(own) ? TOTAL_CAST : PURE_CAST;
  }

  #comparison(given: Given | undefined): RoutineFacts {
    const quiet = given === undefined ? undefined : quietSides(given);
    return quiet === undefined || quiet.length === given?.expressions.length ? TOTAL_OPERATOR : { ...PURE_OPERATOR, total: quiet };
  }

  #given(expressions: readonly Expression[] | undefined, sources: Sources | undefined): Given | undefined {
    if (expressions === undefined || sources?.length !== expressions.length) return undefined;
    return { expressions, sources, families: sources.map((source) => this.#family(source)) };
  }

  #family(source: readonly ColumnName[] | undefined): Family {
    const families = new Set(source?.map((column) => this.#familyOfColumn(column)));
    return families.size === 1 ? [...families][0] : undefined;
  }

  #familyOfColumn(column: ColumnName): Family {
    const parts = splitName(column);
    const name = parts.at(-1);
    const relation = this.#catalogue.catalogue.relations.get(joinName(...parts.slice(0, -1)));
    const found = relation?.columns.find((each) => each.name === name);
    return found === undefined ? undefined : familyOf(found.type);
  }

  #firstStored(own: string, searchPath: readonly string[]): RoutineFacts | undefined {
    for (const schema of searchPath) {
      const found = this.#stored(schema, own);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #stored(schema: string, own: string): RoutineFacts | undefined {
    const name = joinName(schema, own);
    const known = SYSTEM_ROUTINES.get(name.toLowerCase());
    if (known !== undefined) return { name, ...known };
    if (!this.#catalogue.routines.has(name)) return undefined;
    return { name, category: 'unknown', opaque: { kind: 'unknown-routine', detail: `the body of ${name} is not known` } };
  }
}
