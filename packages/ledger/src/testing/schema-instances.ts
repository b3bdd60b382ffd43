import fc from 'fast-check';

/** The part of JSON Schema (draft 2020-12) that the schema of entries is written in. */
export interface SchemaNode {
  readonly description?: string;
  readonly $ref?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly SchemaNode[];
  readonly type?: string | readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode;
  readonly items?: SchemaNode | false;
  readonly prefixItems?: readonly SchemaNode[];
}

type Definitions = Readonly<Record<string, SchemaNode>>;

/** Values that a schema describes. Throws for what it is written in beyond {@link SchemaNode}. */
export function instancesOf(node: SchemaNode, definitions: Definitions): fc.Arbitrary<unknown> {
  const of = (inner: SchemaNode): fc.Arbitrary<unknown> => instancesOf(inner, definitions);
  if (node.$ref !== undefined) {
    const target = definitions[node.$ref.replace('#/$defs/', '')];
    if (target === undefined) throw new Error(`${node.$ref} is not there`);
    return of(target);
  }
  if (node.const !== undefined) return fc.constant(node.const);
  if (node.enum !== undefined) return fc.constantFrom(...node.enum);
  if (node.anyOf !== undefined) return fc.oneof(...node.anyOf.map(of));
  if (node.prefixItems !== undefined) {
    // First and last of a run.
    return fc.tuple(...node.prefixItems.map(of)).map((values) => values.sort((a, b) => Number(a) - Number(b)));
  }
  const types = [node.type ?? []].flat();
  if (types.length === 0) throw new Error(`no values for ${JSON.stringify(node)}`);
  return fc.oneof(...types.map((type) => ofType(type, node, of)));
}

function ofType(type: string, node: SchemaNode, of: (inner: SchemaNode) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 12 });
    case 'integer':
      return fc.maxSafeNat();
    case 'number':
      return fc.integer();
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(of(node.items || {}), { maxLength: 2 });
    case 'object':
      if (node.properties === undefined && node.additionalProperties !== undefined) {
        return fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), of(node.additionalProperties), {
          maxKeys: 2,
          noNullPrototype: true,
        });
      }
      return fc.record(Object.fromEntries(Object.entries(node.properties ?? {}).map(([name, inner]) => [name, of(inner)])), {
        requiredKeys: [...(node.required ?? [])],
        noNullPrototype: true,
      });
    default:
      throw new Error(`no values of type ${type}`);
  }
}
