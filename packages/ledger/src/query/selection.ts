import type { Act } from '../index-files/act.js';
import type { IndexedSchemaChange, SegmentIndex } from '../index-files/segment-index.js';

/**
 * What a question needs of the log, as far as an index file can say. It may ask for too much, never for too little: what is read is looked at
 * again. Of acts whose fields were withheld nothing is asked; they are always read.
 */
export interface Selection {
  readonly act: (act: Act) => boolean;
  /** `names`: everything that the principal is found by, in lower case. */
  readonly who: (names: readonly string[], session: string) => boolean;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Only this unit, by its first entry. */
  readonly seq?: number | undefined;
  /** Nothing before this entry is needed. */
  readonly since?: number | undefined;
  readonly schemaChange?: (change: IndexedSchemaChange) => boolean;
  /** Takes a read of which nothing has to be read; false when its entry is needed. */
  readonly tally?: (act: Act, seq: number) => boolean;
}

/** Positions of the units that have to be read, ascending. */
export function selectUnits({ first, acts, names, who, units }: SegmentIndex, selection: Selection): number[] {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, seq, tally } = selection;
  const wantedActs = acts.map((act) => act.withheld || selection.act(act));
  const wantedWho = who.map((one) => selection.who(names[one.names] ?? [], one.session));
  const positions: number[] = [];
  if (!wantedActs.includes(true) || !wantedWho.includes(true)) return positions;
  for (const [at, position] of units.positions.entries()) {
    const act = units.acts[at] ?? 0;
    const time = units.times[at] ?? 0;
    if (wantedActs[act] !== true || wantedWho[units.who[at] ?? 0] !== true || time < from || time > to) continue;
    if (seq !== undefined && first + position !== seq) continue;
    const known = acts[act];
    if (tally !== undefined && known?.unit === 'read' && !known.withheld && tally(known, first + position)) continue;
    positions.push(position);
  }
  return positions;
}
