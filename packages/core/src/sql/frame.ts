import type { TypeName } from './model.js';
import type { RelationName } from './names.js';
import type { OverlayEntry } from './resolve/relations.js';
import { type Column, either, NOTHING, sameValue, type Value } from './resolve/value.js';
import { Timeline } from './timeline.js';

/** The variables of a batch or a routine, which nothing outside of it sees. */
export interface Frame {
  readonly variables: Timeline<Value>;
  /** The types that variables were declared of, by their names. */
  readonly types: Map<string, TypeName>;
  /** Table variables, by their full names. */
  readonly tables: Timeline<OverlayEntry>;
  /** Goes up whenever an assignment while rows are read adds something. */
  rowAssignments: number;
  /** It has read what its caller may have set: a variable of the session. */
  isSteered: boolean;
  /**
   * The conditions under which what is being read runs: what it assigns tells about them, as a CASE does. Absent where they are recorded as uses
   * of who chose them.
   */
  readonly deciding?: Value[];
  /** The relation whose trigger it is: assigning to the new row writes the columns of that, whatever the row holds. */
  readonly triggered?: RelationName;
  /** Values of parameters that are told by their number. */
  readonly parameters?: readonly Value[];
  /** Where unqualified names are looked for, when it is not where the session looks. */
  readonly searchPath?: readonly string[];
}

/** Variables by name; `initial`: what one holds that was never set. */
export function variables(initial: (name: string) => Value): Timeline<Value> {
  return new Timeline(
    (name, values) => eitherRow(values.map((value) => value ?? initial(name))),
    (a, b) => a === b || (a !== undefined && b !== undefined && sameVariable(a, b)),
  );
}

/** One of several values; of rows with the same fields a row of one of several values each. */
function eitherRow(values: readonly Value[]): Value {
  const whole = either(values);
  const [first, ...rest] = values.filter((value) => value !== NOTHING);
  if (first?.fields === undefined) return rest.length === 0 && first !== undefined ? first : whole;
  const names = first.fields.map((field) => field.name).join('\0');
  if (rest.some((value) => value.fields?.map((field) => field.name).join('\0') !== names)) return whole;
  const fields = first.fields.map((field, at): Column => {
    const all = [field, ...rest.flatMap((value) => value.fields?.[at] ?? [])];
    return { name: field.name, value: either(all.map((each) => each.value)) };
  });
  return { ...whole, fields };
}

function sameVariable(a: Value, b: Value): boolean {
  if (!sameValue(a, b) || a.direct !== b.direct || a.fields?.length !== b.fields?.length) return false;
  return (a.fields ?? []).every((field, at) => {
    const other = b.fields?.[at];
    return other !== undefined && field.name === other.name && sameValue(field.value, other.value);
  });
}
