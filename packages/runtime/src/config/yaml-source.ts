import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { SourceProblem } from './config-error.js';

export type Path = readonly (string | number)[];

/** A YAML file that was read, with the places of what is in it. */
export interface YamlSource {
  readonly file: string;
  /** Plain data. */
  readonly value: unknown;
  /** Where the value at a path stands, or with `key` its key; the nearest that exists. Lines and columns count from 1. */
  locate(path: Path, what?: 'key' | 'value'): { readonly line: number; readonly column: number };
}

export type YamlResult =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly problems: readonly SourceProblem[] };

/** Policy and configuration are written by hand: more of either is a mistake or an attack. */
const MAX_DEPTH = 40;
/** How often all aliases together may be expanded, so that a small file cannot become a large value. */
const MAX_ALIASES = 100;

/**
 * Reads one YAML 1.2 document (core schema). Duplicate keys, unknown tags, several documents, and values that are nested deeper than 40
 * levels or grow by aliases are problems. Never throws for what the text is.
 */
export function parseYaml(text: string, file: string): YamlResult {
  const lines = new LineCounter();
  const problem = (offset: number, message: string): SourceProblem => ({ file, ...placeOf(lines, offset), path: '', message });
  const deep = tooDeep(text);
  if (deep !== undefined) {
    lines.addNewLine(0);
    return {
      ok: false,
      problems: [{ file, ...lineAndColumn(text, deep), path: '', message: `is nested deeper than ${MAX_DEPTH} levels` }],
    };
  }
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, version: '1.2' });
    const wrong = [...document.errors, ...document.warnings];
    if (wrong.length > 0) return { ok: false, problems: wrong.map((error) => problem(error.pos[0], explain(error.code, error.message))) };
    const twice = duplicateKeys(document.contents);
    if (twice.length > 0)
      return { ok: false, problems: twice.map((offset) => problem(offset, 'is a key that was given before; write each key once')) };
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    const root = document.contents;
    const resolve = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
    return {
      ok: true,
      source: { file, value, locate: (path, what = 'value') => placeOf(lines, offsetOf(root, path, what, resolve)) },
    };
  } catch (error) {
    const message =
      error instanceof ReferenceError ? 'expands aliases too often; write the values out' : 'cannot be read as YAML; write it simpler';
    return { ok: false, problems: [{ file, line: 0, column: 0, path: '', message }] };
  }
}

function placeOf(lines: LineCounter, offset: number): { readonly line: number; readonly column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The parser recurses: what is nested too deep must not reach it. Counts more than there is at most (quotes are not looked at). */
function tooDeep(text: string): number | undefined {
  let flow = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '[' || character === '{') flow += 1;
    else if (character === ']' || character === '}') flow = Math.max(0, flow - 1);
    if (flow > MAX_DEPTH) return at;
  }
  return tooDeepBlock(text);
}

/** Block collections: each level indents further, or begins with another `- ` or `? ` on the same line. */
function tooDeepBlock(text: string): number | undefined {
  let offset = 0;
  for (const line of text.split('\n')) {
    const lead = /^[ \t]*(?:[-?:][ \t]+)*/.exec(line)?.[0] ?? '';
    if (lead.replaceAll(/[ \t]/g, '').length > MAX_DEPTH || lead.length > MAX_DEPTH * 8) return offset;
    offset += line.length + 1;
  }
  return undefined;
}

const EXPLANATIONS: ReadonlyMap<string, string> = new Map([
  ['TAB_AS_INDENT', 'is indented by a tab; write spaces instead'],
  ['MULTIPLE_DOCS', 'begins another document; write one document per file'],
  ['TAG_RESOLVE_FAILED', 'has a tag that is not known; write the value without it'],
  ['BAD_INDENT', 'is indented in a way that fits nothing before it; write keys of one level in one column, and close brackets'],
  ['BLOCK_IN_FLOW', 'lacks a comma or a closing bracket; write it'],
  ['MISSING_CHAR', 'lacks a character, such as a closing quote, bracket or ":"; write it'],
  ['MULTILINE_IMPLICIT_KEY', 'looks like a key that goes on over several lines; write "key: value" in one line, or quote the text'],
  ['UNEXPECTED_TOKEN', 'is not expected here; look for a missing quote, comma or ":" before it'],
]);

function explain(code: string, message: string): string {
  return EXPLANATIONS.get(code) ?? `is not YAML (${message.toLowerCase().replace(/\.$/, '')}); correct it`;
}

/** Offsets of keys that their mapping already has. The parser's own check takes time quadratic in the number of keys. */
function duplicateKeys(node: unknown): number[] {
  if (isSeq(node)) return node.items.flatMap(duplicateKeys);
  if (!isMap(node)) return [];
  const seen = new Set<string | undefined>();
  return node.items.flatMap((pair) => {
    const key = keyText(pair.key);
    const twice = key !== undefined && seen.has(key) ? [start(pair.key) ?? 0] : [];
    seen.add(key);
    return [...twice, ...duplicateKeys(pair.value)];
  });
}

function offsetOf(root: unknown, path: Path, what: 'key' | 'value', resolve: (node: unknown) => unknown): number {
  let node = resolve(root);
  let offset = start(node) ?? 0;
  for (const [at, step] of path.entries()) {
    const last = at === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((candidate) => keyText(candidate.key) === String(step));
      if (pair === undefined) return offset;
      const keyOffset = start(pair.key) ?? offset;
      if (last && what === 'key') return keyOffset;
      offset = start(pair.value) ?? keyOffset;
      node = resolve(pair.value);
    } else if (isSeq(node)) {
      const item = node.items[Number(step)];
      offset = start(item) ?? offset;
      node = resolve(item);
    } else {
      return offset;
    }
  }
  return offset;
}

function keyText(key: unknown): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}

function start(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
