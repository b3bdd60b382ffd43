/** What node-sql-parser makes of a text, as far as it is compared. Plain data: it crosses a thread. */
export interface ParserReading {
  readonly statements: readonly {
    /** Its `type`, lower case; `undefined` for what it parses without knowing what it is. */
    readonly kind: string | undefined;
    readonly hasWhere: boolean;
  }[];
  /** The relations that it lists, without names that the text itself gives (common tables, aliases). */
  readonly relations: readonly { readonly role: 'read' | 'write'; readonly schema: string | undefined; readonly name: string }[];
}

/** `{ast, tableList}` as `Parser.parse` of node-sql-parser returns it. */
export function readingOf(parsed: { readonly ast: unknown; readonly tableList: readonly string[] }): ParserReading {
  const nodes = Array.isArray(parsed.ast) ? parsed.ast : [parsed.ast];
  const ownNames = new Set<string>();
  collectNames(parsed.ast, ownNames);
  return {
    statements: nodes.map((node: unknown) => ({ kind: kindOf(node), hasWhere: isNode(node) && isNode(node['where']) })),
    relations: parsed.tableList
      .map(relationOf)
      .filter(({ name, schema }) => name !== 'null' && !(schema === undefined && ownNames.has(name))),
  };
}

function isNode(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function kindOf(node: unknown): string | undefined {
  return isNode(node) && typeof node['type'] === 'string' ? node['type'].toLowerCase() : undefined;
}

/** `select::schema::name`; the schema is `null` where there is none. */
function relationOf(listed: string): ParserReading['relations'][number] {
  const [role = '', schema = 'null', ...name] = listed.split('::');
  return {
    role: role.toLowerCase() === 'select' ? 'read' : 'write',
    schema: schema === 'null' ? undefined : schema.toLowerCase(),
    name: name.join('::').toLowerCase(),
  };
}

/** Aliases (`as`) and names of common tables (`with: [{name: {value}}]`), wherever they stand. Iterative: trees may be deep. */
function collectNames(tree: unknown, names: Set<string>): void {
  const waiting = [tree];
  const seen = new Set<unknown>();
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (!isNode(node) || seen.has(node)) continue;
    seen.add(node);
    if (typeof node['as'] === 'string') names.add(node['as'].toLowerCase());
    const commonTables = Array.isArray(node['with']) ? node['with'] : [];
    for (const table of commonTables as unknown[]) {
      const name = isNode(table) && isNode(table['name']) ? table['name']['value'] : undefined;
      if (typeof name === 'string') names.add(name.toLowerCase());
    }
    waiting.push(...Object.values(node));
  }
}
