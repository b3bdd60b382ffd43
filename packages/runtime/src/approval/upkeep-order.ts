import type { UpkeepOrder } from '../ledger-upkeep.js';

const MAX_REASON = 1000;

/** Reads what is to be done to the ledger; a string says what is wrong with it. Whether there are such entries, the ledger says. */
export function readUpkeepOrder(body: unknown): UpkeepOrder | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'the body must be an object';
  const { do: what, log, ...rest } = body as Readonly<Record<string, unknown>>;
  if (log !== undefined && typeof log !== 'string') return '"log" must be the name of a worker';
  if (what === 'rotate-key' || what === 'retain') return Object.keys(rest).length === 0 ? { do: what } : `"${what}" takes nothing else`;
  if (what !== 'erase') return '"do" must be "rotate-key", "retain" or "erase"';
  const { entries, names, reason, ...others } = rest;
  if (Object.keys(others).length > 0) return '"erase" takes "entries", "names" and "reason" only';
  if (!Array.isArray(entries) || !entries.every(isRange)) return '"entries" must be a list of first and last entries';
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) return '"names" must be a list of names of values';
  if (typeof reason !== 'string' || reason === '' || reason.length > MAX_REASON || /[\p{Cc}\p{Cs}]/u.test(reason))
    return `"reason" must be a text of 1 to ${MAX_REASON} characters without control characters`;
  return { do: 'erase', entries, names, reason };
}

function isRange(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);
}
