import type { CellType, MaskFunction } from './mask.js';
import type { Rewrite, Strategy, StrategyContext } from './strategy.js';

/** Scalars of JSON documents, and what becomes of them: each a scalar of the same kind, so that the document stays well formed. */

export type StrategyOf = (fn: MaskFunction, context: StrategyContext) => Strategy;
export type Member = Extract<MaskFunction, { kind: 'json' }>['members'][number];

/** The text is not JSON where it was read. */
export class NotJsonError extends Error {
  override readonly name = 'NotJsonError';
}

/** What scalars of one member become. */
export interface ValueMask {
  readonly member: Member;
  readonly toNull: boolean;
  string(text: string): string;
  number(text: string): string;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export function valueMask(member: Member, context: StrategyContext, strategyOf: StrategyOf): ValueMask {
  const part = (type: CellType): Strategy => strategyOf(member.function, { label: member.label, type, tools: context.tools });
  const string = rewriteOf(part(scalarType('text')), '');
  const number = rewriteOf(part(scalarType('numeric')), '0');
  return {
    member,
    toNull: member.function.kind === 'null',
    string,
    number: (text) => {
      const masked = number(text);
      return NUMBER.test(masked) ? masked : '0';
    },
  };
}

function rewriteOf(strategy: Strategy, zero: string): (text: string) => string {
  if (strategy.kind === 'constant') return () => strategy.text;
  if (strategy.kind !== 'rewrite') return () => zero;
  const { rewrite }: { rewrite: Rewrite } = strategy;
  return (text) => rewrite(text) ?? zero;
}

/** Scalars of a document are not cells: strategies ask only for their family. */
function scalarType(family: 'text' | 'numeric'): CellType {
  return { family, zero: () => null, toText: () => undefined, fromText: () => undefined };
}

/** The text of a JSON string. */
export function decoded(raw: string): string {
  if (!raw.includes('\\')) return raw.slice(1, -1);
  try {
    return String(JSON.parse(raw));
  } catch {
    throw new NotJsonError('a string has an escape that is none');
  }
}

export function shown(raw: string, mask: ValueMask): string {
  const [first] = raw;
  if (first === 'n') return raw;
  if (mask.toNull) return 'null';
  switch (first) {
    case '"':
      return JSON.stringify(mask.string(decoded(raw)));
    case '{':
      return '{}';
    case '[':
      return '[]';
    case 't':
    case 'f':
      return 'false';
    default:
      return mask.number(raw);
  }
}
