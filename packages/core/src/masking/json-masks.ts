import { decoded, type Member, NotJsonError, shown, type StrategyOf, type ValueMask, valueMask } from './json-values.js';
import type { JsonPath, MaskFunction } from './mask.js';
import type { Strategy, StrategyContext } from './strategy.js';
import { compareStrictness } from './strictness.js';

/**
 * Masks members of a JSON document (RFC 8259) where they stand: one pass over its text, what is not masked is copied as it was. A string becomes
 * a string, a number a number; an object or array at a masked path is emptied, null stays null. Depth is bounded by the paths, not by the
 * document. A document that is not well formed where it is read has no masked form: the caller masks it whole.
 */

type JsonFunction = Extract<MaskFunction, { kind: 'json' }>;

export function jsonStrategy(fn: JsonFunction, context: StrategyContext, strategyOf: StrategyOf): Strategy {
  const { family } = context.type;
  if (family !== 'json' && family !== 'text') return { kind: 'unfit', reason: 'paths are for JSON documents only' };
  const root = newNode();
  for (const member of fn.members) {
    if (member.function.kind === 'block') return { kind: 'refuse', reason: 'the mask of a member is "block"' };
    nodeAt(root, member.path).members.push(member);
  }
  const maskOf = (member: Member): ValueMask => valueMask(member, context, strategyOf);
  // Only of a column of a JSON type the server has checked that it is JSON.
  return {
    kind: 'rewrite',
    rewrite: (text) => (family === 'text' && !isJson(text) ? undefined : new DocumentMask(text, maskOf).masked(root)),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A tree of the paths. */
interface PathNode {
  readonly named: Map<string, PathNode>;
  any: PathNode | undefined;
  readonly members: Member[];
  mask?: ValueMask;
}

function newNode(): PathNode {
  return { named: new Map(), any: undefined, members: [] };
}

function nodeAt(root: PathNode, path: JsonPath): PathNode {
  let node = root;
  for (const token of path) {
    let next: PathNode | undefined = token === null ? node.any : node.named.get(token);
    if (next === undefined) {
      next = newNode();
      if (token === null) node.any = next;
      else node.named.set(token, next);
    }
    node = next;
  }
  return node;
}

class DocumentMask {
  readonly #text: string;
  readonly #maskOf: (member: Member) => ValueMask;
  #at = 0;
  #copied = 0;
  #out = '';

  constructor(text: string, maskOf: (member: Member) => ValueMask) {
    this.#text = text;
    this.#maskOf = maskOf;
  }

  /** The masked document, or `undefined` when it is not well formed. */
  masked(root: PathNode): string | undefined {
    try {
      this.#space();
      this.#value([root]);
      this.#space();
      if (this.#at !== this.#text.length) return undefined;
      return this.#out + this.#text.slice(this.#copied);
    } catch (error) {
      if (error instanceof NotJsonError) return undefined;
      throw error;
    }
  }

  #value(nodes: readonly PathNode[]): void {
    const mask = this.#strictest(nodes);
    if (mask !== undefined) return this.#replace(mask);
    const character = this.#text[this.#at];
    if (character === '{') return this.#object(nodes);
    if (character === '[') return this.#array(nodes);
    this.#skip();
  }

  #object(nodes: readonly PathNode[]): void {
    this.#at += 1;
    this.#space();
    if (this.#takes('}')) return;
    for (;;) {
      const key = this.#string();
      this.#space();
      this.#expect(':');
      this.#space();
      this.#inside(inside(nodes, key));
      if (!this.#more('}')) return;
    }
  }

  #array(nodes: readonly PathNode[]): void {
    this.#at += 1;
    this.#space();
    if (this.#takes(']')) return;
    for (let index = 0; ; index++) {
      this.#inside(inside(nodes, String(index)));
      if (!this.#more(']')) return;
    }
  }

  #inside(nodes: readonly PathNode[]): void {
    if (nodes.length === 0) this.#skip();
    else this.#value(nodes);
  }

  /** After an element: true when another one follows. */
  #more(close: '}' | ']'): boolean {
    this.#space();
    if (this.#takes(close)) return false;
    this.#expect(',');
    this.#space();
    return true;
  }

  #replace(mask: ValueMask): void {
    const start = this.#at;
    this.#skip();
    this.#out += this.#text.slice(this.#copied, start) + shown(this.#text.slice(start, this.#at), mask);
    this.#copied = this.#at;
  }

  /** Passes over one value. Inside of objects and arrays only brackets and strings are told apart: the rest is for others to have checked. */
  #skip(): void {
    const text = this.#text;
    const first = text.charCodeAt(this.#at);
    if (first === QUOTE) return this.#passString();
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return this.#passWord();
    let depth = 0;
    for (let at = this.#at; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) at = stringEnd(text, at) - 1;
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
      else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
        depth -= 1;
        if (depth > 0) continue;
        this.#at = at + 1;
        return;
      }
    }
    throw new NotJsonError('a bracket is not closed');
  }

  /** A number, `true`, `false` or `null`. */
  #passWord(): void {
    WORD.lastIndex = this.#at;
    const word = WORD.exec(this.#text);
    if (word === null) throw new NotJsonError('a value was expected');
    this.#at = WORD.lastIndex;
  }

  #passString(): void {
    this.#at = stringEnd(this.#text, this.#at);
  }

  #string(): string {
    const start = this.#at;
    if (this.#text[start] !== '"') throw new NotJsonError('a key was expected');
    this.#passString();
    return decoded(this.#text.slice(start, this.#at));
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw new NotJsonError('a separator was expected');
  }

  #strictest(nodes: readonly PathNode[]): ValueMask | undefined {
    let strictest: ValueMask | undefined;
    for (const node of nodes) {
      const [first, ...others] = node.members;
      if (first === undefined) continue;
      node.mask ??= this.#maskOf(others.reduce(stricter, first));
      if (strictest === undefined || stricter(strictest.member, node.mask.member) === node.mask.member) strictest = node.mask;
    }
    return strictest;
  }
}

const WORD = /-?[0-9][0-9.eE+-]*|true|false|null/y;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** The offset behind the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  throw new NotJsonError('a string does not end');
}

/** The one that hides more; the first of equals. */
function stricter(a: Member, b: Member): Member {
  return compareStrictness(b.function, a.function) < 0 ? b : a;
}

function inside(nodes: readonly PathNode[], token: string): readonly PathNode[] {
  const found: PathNode[] = [];
  for (const node of nodes) {
    const named = node.named.get(token);
    if (named !== undefined) found.push(named);
    if (node.any !== undefined) found.push(node.any);
  }
  return found;
}
