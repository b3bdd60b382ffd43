import { foldRelation, foldSchema, type Folding } from './names.js';
import { optional, type Row } from './rows.js';

/**
 * Whether the triggers of a relation are shown to the account. Without the TRIGGER privilege they run all the same, so that a relation
 * without shown triggers may have some. Rights that come from roles are not seen here: grant TRIGGER to the account itself.
 */
export type SeesTriggers = (schema: string, relation: string) => boolean;

/** Rows of TRIGGER_RIGHTS_SQL. */
export function readTriggerRights(rows: readonly Row[], folding: Folding): SeesTriggers {
  const rights = rows.map((row) => {
    const [schema, relation] = [optional(row, 0), optional(row, 1)];
    const folded = schema === undefined ? undefined : foldSchema(schema, folding);
    return { schema: folded, pattern: folded === undefined ? undefined : schemaPattern(folded), relation, triggers: row[2] === '1' };
  });
  const everywhere = rights.some((right) => right.schema === undefined && right.triggers);
  return (schema, relation) => {
    if (everywhere) return true;
    const isOn = (right: (typeof rights)[number]): boolean =>
      right.schema === schema && right.relation !== undefined && foldRelation(schema, right.relation, folding) === relation;
    const onSchema = rights.filter((right) => right.relation === undefined && right.pattern?.test(schema) === true);
    // Of several patterns that match only the most specific one counts ("Access Control, Stage 2"): where all have the right, that one has.
    return rights.some((right) => right.triggers && isOn(right)) || (onSchema.length > 0 && onSchema.every((right) => right.triggers));
  };
}

/** Rights on schemas are given by patterns of LIKE ("GRANT Statement": `_` and `%` are wildcards unless a backslash stands before them). */
function schemaPattern(pattern: string): RegExp {
  const parts = [...pattern.matchAll(/\\(.)|([_%])|([^\\_%]+)|\\$/gs)].map(([whole, escaped, wildcard]) => {
    if (wildcard !== undefined) return wildcard === '%' ? '.*' : '.';
    return (escaped ?? whole).replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join('')}$`, 's');
}
