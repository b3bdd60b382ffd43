/**
 * The grammar's parse tree, as it comes: `{"NodeName": {field: value}}`, where a field whose value is the default is left out
 * (pg_query's JSON form of PostgreSQL's parsenodes.h). Everything that reads a tree goes through {@link Shape}, which knows what was read:
 * a field or a node that nobody has looked at is found by {@link Shape.unread}, so that nothing of a statement can be overlooked.
 */

type Body = Readonly<Record<string, unknown>>;

/** Fields that say where something stands in the text, or repeat what other fields say. */
const PLACES = new Set(['location', 'list_start', 'list_end', 'rexpr_list_start', 'rexpr_list_end', 'stmt_location', 'stmt_len']);

/** A node of the tree that does not have the form that this code was written for. */
export class UnknownNodeError extends Error {
  override readonly name = 'UnknownNodeError';
}

/** One node, and which of its fields were read. */
export class Shape {
  /** The name of the node; empty for an empty one (`{}`: a place that holds nothing). */
  readonly name: string;
  readonly #body: Body;
  readonly #read = new Set<string>();
  readonly #children: Shape[] = [];

  constructor(name: string, body: Body) {
    this.name = name;
    this.#body = body;
  }

  has(field: string): boolean {
    return this.#body[field] !== undefined;
  }

  /** A string; empty when it is left out. */
  text(field: string): string {
    return this.optionalText(field) ?? '';
  }

  optionalText(field: string): string | undefined {
    const value = this.#take(field);
    if (value === undefined || typeof value === 'string') return value;
    throw this.#unexpected(field);
  }

  flag(field: string): boolean {
    const value = this.#take(field);
    if (value === undefined) return false;
    if (typeof value === 'boolean') return value;
    throw this.#unexpected(field);
  }

  number(field: string): number {
    const value = this.#take(field);
    if (value === undefined) return 0;
    const number = Number(value);
    if (Number.isFinite(number)) return number;
    throw this.#unexpected(field);
  }

  /** The field as it came, without reading it. */
  peek(field: string): unknown {
    return this.#body[field];
  }

  /** A field that holds any node. */
  child(field: string): Shape | undefined {
    const value = this.#take(field);
    return value === undefined ? undefined : this.#adopt(shapeOf(value));
  }

  /** A field that always holds one kind of node, which the tree does not name. */
  inline(field: string, name: string): Shape | undefined {
    const value = this.#take(field);
    if (value === undefined) return undefined;
    if (!isBody(value)) throw this.#unexpected(field);
    return this.#adopt(new Shape(name, value));
  }

  list(field: string): Shape[] {
    const value = this.#take(field);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.#unexpected(field);
    return value.map((item) => this.#adopt(shapeOf(item)));
  }

  /** A list of String nodes. */
  names(field: string): string[] {
    return this.list(field).map((item) => item.string());
  }

  /** The value of a String node. */
  string(): string {
    if (this.name !== 'String') throw new UnknownNodeError(`${this.name} where a name was expected`);
    return this.text('sval');
  }

  /** Fields that say nothing about what the statement reads or does. */
  skip(...fields: readonly string[]): void {
    for (const field of fields) this.#read.add(field);
  }

  /** This node and everything below it has been dealt with otherwise. */
  skipAll(): void {
    for (const field of Object.keys(this.#body)) this.#read.add(field);
    this.#children.length = 0;
  }

  /** `Node.field` of the first thing below this node that nobody has read. */
  unread(): string | undefined {
    for (const field of Object.keys(this.#body)) {
      if (!this.#read.has(field) && !PLACES.has(field)) return `${this.name}.${field}`;
    }
    for (const child of this.#children) {
      const found = child.unread();
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #take(field: string): unknown {
    this.#read.add(field);
    return this.#body[field];
  }

  #adopt(child: Shape): Shape {
    this.#children.push(child);
    return child;
  }

  #unexpected(field: string): UnknownNodeError {
    return new UnknownNodeError(`${this.name}.${field}`);
  }
}

/** Reads `{"Name": {…}}`. */
export function shapeOf(value: unknown): Shape {
  if (!isBody(value)) throw new UnknownNodeError(`${typeof value} where a node was expected`);
  const names = Object.keys(value);
  const [name] = names;
  if (name === undefined) return new Shape('', {});
  const body = value[name];
  if (names.length !== 1 || !isBody(body)) throw new UnknownNodeError(`a node of ${names.length} names`);
  return new Shape(name, body);
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One statement of a text. `location` and `length` are bytes of UTF-8; a length of 0 reaches to the end of the text. */
export interface RawStatement {
  readonly shape: Shape;
  readonly location: number;
  readonly length: number;
}

/** The statements of a whole tree (`{version, stmts: [{stmt, stmt_location, stmt_len}]}`). */
export function rawStatements(tree: unknown): RawStatement[] {
  if (!isBody(tree) || !Array.isArray(tree['stmts'])) throw new UnknownNodeError('a tree without statements');
  return tree['stmts'].map((entry: unknown) => {
    if (!isBody(entry)) throw new UnknownNodeError('a statement that is not a node');
    const raw = new Shape('RawStmt', entry);
    return { shape: shapeOf(entry['stmt']), location: raw.number('stmt_location'), length: raw.number('stmt_len') };
  });
}
