import {
  type CompileTools,
  compileMask,
  type Dialect,
  type InactiveRule,
  labelsOf,
  type MaskFunction,
  originByName,
  type ProtectionMap,
  type CompiledPolicy,
  type ResolvedCatalogue,
  splitName,
} from '@sqlwarden/core';

export interface UnfitMasksInput {
  readonly policy: CompiledPolicy;
  readonly protection: ProtectionMap;
  readonly resolved: ResolvedCatalogue;
  readonly dialect: Pick<Dialect, 'cellType'>;
  readonly tools: CompileTools;
}

/**
 * The masks that the type of a column cannot carry, so that the type's default stands in for them, or NULL where it has none. Nothing of the
 * values passes; but it is not what the policy says.
 */
export function unfitMasks({ policy, protection, resolved, dialect, tools }: UnfitMasksInput): InactiveRule[] {
  const found: InactiveRule[] = [];
  for (const [relationName, columns] of protection.columnsOf) {
    const relation = resolved.catalogue.relations.get(relationName);
    for (const name of columns) {
      const column = relation?.columns.find((candidate) => candidate.name === splitName(name).at(-1));
      if (column === undefined) continue;
      const { name: shown, number, typeId, typeModifier = -1 } = column;
      const origin = originByName(relation?.schema ?? '', relation?.name ?? '', shown);
      const described = { name: shown, relationId: 0, columnNumber: number, origin, typeId, typeModifier, format: 'text' } as const;
      const type = dialect.cellType(described, resolved);
      for (const { label, how, path } of labelsOf(policy, protection, name)) {
        if (how === 'derived') continue;
        for (const mask of policy.masks.get(label) ?? []) {
          const fn: MaskFunction =
            path === undefined ? mask.function : { kind: 'json', members: [{ path, label, function: mask.function }] };
          const compiled = compileMask(fn, label, type, { format: 'text' }, tools);
          if (compiled.kind !== 'default') continue;
          const instead = type.zero('text') === null ? 'NULL' : "the type's default";
          found.push({
            upstream: protection.upstream,
            rule: `mask of ${label} (${mask.function.kind})`,
            reason: `${name} is ${column.type}, which shows ${instead} instead: ${compiled.reason}`,
          });
        }
      }
    }
  }
  return found;
}
