import type { Principal } from '../identity/principal.js';
import type { Catalogue } from '../catalog/catalogue.js';
import { originByName, originKey, type OriginKey, type OutputMask } from '../masking/mask.js';
import type { UnitFacts } from '../sql/facts.js';
import type { ColumnName } from '../sql/names.js';
import { type Chain, chainOf } from './chain.js';
import { splitColumn } from './column-names.js';
import type { CompiledPolicy } from './compiled.js';
import { Guards } from './guard.js';
import { limitsOf } from './limits.js';
import { requirementsOf } from './requirements.js';
import type { Place } from './match.js';
import { missingNameRefusal, withoutMissingNames } from './missing-name.js';
import { protect } from './protect.js';
import { labelsOf, type ProtectionMap } from './protection.js';
import { judgeByRules, type RuleJudgement } from './rule-judgement.js';
import { combineApprovals } from './approvals.js';
import { type JudgedStatement, judgedStatement } from './touched.js';
import type { Refusal, StatementMasks, Verdict } from './verdict.js';

export interface EvaluateInput {
  readonly policy: CompiledPolicy;
  readonly principal: Principal;
  readonly facts: UnitFacts;
  readonly upstream: string;
  readonly environment: string;
  /** Of the same policy, for the catalogue that the facts were made with. */
  readonly protection: ProtectionMap;
}

/**
 * What policy says of a unit. Never throws: what cannot be evaluated is refused with `policy-error`.
 *
 * Every statement must be allowed; one refused refuses all, one held holds all. Rules first (see `RuleSource`), then what protects columns:
 * an allow rule does not let protected values out unmasked, and what must be refused is not held for approval before. Statements of a
 * session or transaction (BEGIN, COMMIT, SET, SHOW, …) are allowed unless a deny or approve rule matches or they raise rights.
 *
 * In observe mode nothing is refused, held, masked, limited or required; `observed` says what would have been.
 *
 * The same for all principals with the same `rightsKey`. Reads no clock: expiry is the host's to check at every statement.
 */
export function evaluate(input: EvaluateInput): Verdict {
  let verdict: Verdict;
  try {
    verdict = judge(input);
  } catch {
    verdict = denied(
      { code: 'policy-error', message: 'the policy could not be evaluated for this statement; tell its owner' },
      [],
      NOTHING,
    );
  }
  return input.policy.mode === 'observe' ? observe(verdict, input.facts) : verdict;
}

/**
 * The second opinion: what to do with a result column that the server says comes from a protected column when the statement's analysis did
 * not say so. For {@link evaluate}'s inputs; shared by all statements of one principal's rights, policy and catalogue. Never throws.
 */
export function originMasks(
  policy: CompiledPolicy,
  principal: Principal,
  catalogue: Catalogue,
  protection: ProtectionMap,
): ReadonlyMap<OriginKey, OutputMask> {
  const masks = new Map<OriginKey, OutputMask>();
  if (policy.mode === 'observe') return masks;
  const guards = new Guards(policy, protection, chainOf(principal));
  for (const [name, columns] of protection.columnsOf) {
    const relation = catalogue.relations.get(name);
    const numbers = new Map(relation?.columns.map((column) => [column.name, column.number]));
    for (const column of columns) {
      const guard = guards.of(column);
      const number = numbers.get(splitColumn(column).name);
      if (guard === undefined || relation === undefined || number === undefined) continue;
      const mask: OutputMask = { ...guard.same, sources: [column] };
      masks.set(originKey(relation.id, number), mask);
      masks.set(originByName(relation.schema, relation.name, splitColumn(column).name), mask);
    }
  }
  return masks;
}

interface Touched {
  readonly labels: readonly string[];
  readonly protectedColumns: Verdict['protectedColumns'];
}
const NOTHING: Touched = { labels: [], protectedColumns: [] };

function judge(input: EvaluateInput): Verdict {
  const { policy, protection } = input;
  const chain = chainOf(input.principal);
  const place: Place = { upstream: input.upstream, environment: input.environment, statements: input.facts.statements.length };
  const statements = input.facts.statements.map((facts) => judgedStatement(policy, protection, facts));
  const extras = {
    ...definedOnly('limits', limitsOf(policy, place, statements, chain)),
    ...definedOnly('requirements', requirementsOf(policy, place, statements, chain)),
  };
  const touched = touchedOf(policy, protection, statements);
  const judgements = statements.map((statement) => judgeStatement(input, place, statement, chain));
  const rules = rulesOf(judgements);
  const refused = judgements.find((judgement) => judgement.refusal !== undefined)?.refusal;
  if (refused !== undefined) return denied(refused, rules, touched);
  return judgeProtection(input, chain, { statements, judgements, rules, touched, extras });
}

/**
 * A statement that rules refuse only because a name in it stands for nothing is refused for that: the code of the refusal is the database's
 * own. What would be refused with the name known is refused by the rule, so that nobody learns which names exist.
 */
function judgeStatement({ policy, protection }: EvaluateInput, place: Place, statement: JudgedStatement, chain: Chain): RuleJudgement {
  const judgement = judgeByRules(policy, place, statement, chain);
  if (judgement.refusal === undefined) return judgement;
  const missing = missingNameRefusal(statement.facts);
  const named = withoutMissingNames(statement.facts);
  if (missing === undefined || named === undefined) return judgement;
  const { refusal } = judgeByRules(policy, place, judgedStatement(policy, protection, named), chain);
  return refusal === undefined ? { ...judgement, refusal: missing } : judgement;
}

interface Judged {
  readonly statements: readonly JudgedStatement[];
  readonly judgements: readonly RuleJudgement[];
  readonly rules: readonly string[];
  readonly touched: Touched;
  /** What holds besides for a unit that may run. */
  readonly extras: Pick<Verdict, 'limits' | 'requirements'>;
}

function judgeProtection({ policy, protection }: EvaluateInput, chain: Chain, judged: Judged): Verdict {
  const { rules, touched, extras } = judged;
  const guards = new Guards(policy, protection, chain);
  const masks: StatementMasks[] = [];
  for (const statement of judged.statements) {
    const result = protect(statement, { policy, protection, guards });
    if (result.refusal !== undefined) return denied(result.refusal, rules, touched);
    masks.push(result.masks);
  }
  const holds = judged.judgements.flatMap((judgement) => judgement.holds);
  if (holds.length === 0) return { effect: 'allow', rules, masks, ...extras, ...touched };
  const combined = combineApprovals(holds);
  if (combined.kind === 'impossible') return denied(combined.refusal, rules, touched);
  return { effect: 'approve', approval: combined.requirement, rules, masks, ...extras, ...touched };
}

function definedOnly<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

function denied(refusal: Refusal, rules: readonly string[], touched: Touched): Verdict {
  return { effect: 'deny', refusal, rules: rules.length > 0 ? rules : ['default'], masks: [], ...touched };
}

/** The deciding rule of the unit first: that of the first statement with the strongest effect. */
function rulesOf(judgements: readonly RuleJudgement[]): readonly string[] {
  const strength = (judgement: RuleJudgement): number => (judgement.refusal !== undefined ? 0 : judgement.holds.length > 0 ? 1 : 2);
  const ordered = judgements.toSorted((a, b) => strength(a) - strength(b));
  const rules = new Set(ordered.flatMap((judgement) => judgement.rules));
  return rules.size > 0 ? [...rules] : ['built-in'];
}

function touchedOf(policy: CompiledPolicy, protection: ProtectionMap, statements: readonly JudgedStatement[]): Touched {
  const columns = [...new Set<ColumnName>(statements.flatMap((statement) => statement.columns))].sort();
  return {
    labels: [...new Set(statements.flatMap((statement) => statement.labels))].sort(),
    protectedColumns: columns.flatMap((column) => {
      const labels = new Set(labelsOf(policy, protection, column).map(({ label }) => label));
      return [...labels].map((label) => ({ column, label }));
    }),
  };
}

function observe(verdict: Verdict, facts: UnitFacts): Verdict {
  const { refusal, approval, limits: _, requirements: __, ...rest } = verdict;
  const observed = { effect: verdict.effect, ...(refusal && { refusal }), ...(approval && { approval }) };
  return { ...rest, effect: 'allow', masks: facts.statements.map(() => ({ kind: 'none' })), observed };
}
