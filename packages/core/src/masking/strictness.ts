import type { MaskFunction, MaskKind } from './mask.js';
import { unreachable } from '../unreachable.js';

/** Mask functions from the strictest (nothing can be learnt) to the weakest. */
const ORDER = {
  block: 0,
  null: 1,
  default: 2,
  redact: 3,
  hash: 4,
  token: 5,
  email: 6,
  last4: 7,
  partial: 8,
  date_trunc: 9,
  bucket: 10,
  round: 11,
  noise: 12,
  regex: 13,
  json: 14,
} as const satisfies Record<MaskKind, number>;

const UNIT_ORDER = { year: 0, quarter: 1, month: 2, day: 3, hour: 4 } as const;

/** Negative when `a` hides more than `b`. Two functions of one kind are told apart by how much they let through; equal ones give 0. */
export function compareStrictness(a: MaskFunction, b: MaskFunction): number {
  const kinds = ORDER[a.kind] - ORDER[b.kind];
  return kinds === 0 ? letThrough(a) - letThrough(b) : kinds;
}

function letThrough(mask: MaskFunction): number {
  switch (mask.kind) {
    case 'partial':
      return mask.prefix + mask.suffix;
    case 'bucket':
      return -mask.size;
    case 'round':
      return -mask.to;
    case 'noise':
      return -mask.ratio;
    case 'date_trunc':
      return UNIT_ORDER[mask.unit];
    case 'block':
    case 'null':
    case 'default':
    case 'redact':
    case 'hash':
    case 'token':
    case 'email':
    case 'last4':
    case 'regex':
    case 'json':
      return 0;
    default:
      return unreachable(mask);
  }
}
