/**
 * The name that PostgreSQL gives to an output column without an alias (parse_target.c, FigureColname; "Select List Items" calls it
 * implementation-defined). Reads the tree's raw JSON: it only looks, and leaves reading to the normaliser.
 */
type Json = Readonly<Record<string, unknown>>;

interface Found {
  readonly name: string;
  /** A weak name gives way to that of a type or CASE around it. */
  readonly weak: boolean;
}

const CONSTRUCT_NAMES: Readonly<Record<string, string>> = {
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

const XML_NAMES: Readonly<Record<string, string>> = {
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
  IS_XMLSERIALIZE: 'xmlserialize',
};

const JSON_FUNCTION_NAMES: Readonly<Record<string, string>> = {
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
};

/** The name of an expression of a select list that has no alias. */
export function outputName(expression: unknown): string {
  return figure(expression)?.name ?? '?column?';
}

function figure(node: unknown): Found | undefined {
  if (!isJson(node)) return undefined;
  const [kind] = Object.keys(node);
  const body = kind === undefined ? undefined : node[kind];
  if (kind === undefined || !isJson(body)) return undefined;
  const construct = CONSTRUCT_NAMES[kind];
  if (construct !== undefined) return strong(construct);
  return FIGURES[kind]?.(body);
}

const FIGURES: Readonly<Record<string, (body: Json) => Found | undefined>> = {
  ColumnRef: (body) => lastName(body['fields']),
  A_Indirection: (body) => lastName(body['indirection']) ?? figure(body['arg']),
  FuncCall: (body) => lastName(body['funcname']),
  A_Expr: (body) => (body['kind'] === 'AEXPR_NULLIF' ? strong('nullif') : undefined),
  TypeCast: (body) => strongOr(figure(body['arg']), () => lastName(isJson(body['typeName']) ? body['typeName']['names'] : undefined)),
  CollateClause: (body) => figure(body['arg']),
  SubLink: (body) => figureSubquery(body),
  CaseExpr: (body) => strongOr(figure(body['defresult']), () => strong('case')),
  MinMaxExpr: (body) => strong(body['op'] === 'IS_LEAST' ? 'least' : 'greatest'),
  SQLValueFunction: (body) =>
    strong(
      String(body['op'])
        .replace(/^SVFOP_/, '')
        .replace(/_N$/, '')
        .toLowerCase(),
    ),
  XmlExpr: (body) => named(XML_NAMES[String(body['op'])]),
  JsonFuncExpr: (body) => named(JSON_FUNCTION_NAMES[String(body['op'])]),
};

function figureSubquery(body: Json): Found | undefined {
  if (body['subLinkType'] === 'EXISTS_SUBLINK') return strong('exists');
  if (body['subLinkType'] === 'ARRAY_SUBLINK') return strong('array');
  if (body['subLinkType'] !== 'EXPR_SUBLINK') return undefined;
  let select: unknown = isJson(body['subselect']) ? body['subselect']['SelectStmt'] : undefined;
  while (isJson(select) && isJson(select['larg'])) select = select['larg'];
  const targets = isJson(select) ? select['targetList'] : undefined;
  const first: unknown = Array.isArray(targets) ? targets[0] : undefined;
  const target = isJson(first) ? first['ResTarget'] : undefined;
  if (!isJson(target)) return undefined;
  if (typeof target['name'] === 'string') return strong(target['name']);
  const found = figure(target['val']);
  return found === undefined ? undefined : strong(found.name);
}

function strongOr(found: Found | undefined, other: () => Found | undefined): Found | undefined {
  if (found !== undefined && !found.weak) return found;
  const second = other();
  return second === undefined ? found : { name: second.name, weak: true };
}

/** The last String node of a list; a star has none. */
function lastName(list: unknown): Found | undefined {
  if (!Array.isArray(list)) return undefined;
  for (let at = list.length - 1; at >= 0; at -= 1) {
    const item: unknown = list[at];
    const string = isJson(item) ? item['String'] : undefined;
    if (isJson(string)) return typeof string['sval'] === 'string' ? strong(string['sval']) : undefined;
    if (isJson(item) && 'A_Star' in item) return undefined;
  }
  return undefined;
}

function strong(name: string): Found {
  return { name, weak: false };
}

function named(name: string | undefined): Found | undefined {
  return name === undefined ? undefined : strong(name);
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
