import type { MaskPlan, Refusal } from '@sqlwarden/core';
import type { WireMessage } from '../protocol/message-assembler.js';
import { PACKET_TYPE } from '../protocol/packet.js';
import type { RpcRequest } from '../protocol/rpc-request.js';
import { type DeclaredParameter, declaredParameters } from '../sql/declared-parameters.js';
import { ExpectedReply, newWork, type RpcReplies, type Work } from './expected-reply.js';
import type { Forwarding } from './forwarding.js';
import { NOT_BEGUN, planWrites, type WritePlan } from './limited-writes.js';
import type { JudgedText, Proceed } from './prepared.js';
import { type Decided, type JudgedCall, planCall, type PlannedCall } from './rpc-calls.js';

type Going = Exclude<PlannedCall, { readonly kind: 'refuse' | 'error' }>;

/** What has been decided of one call so far. */
interface Progress {
  readonly call: Going;
  phase: number;
  decided: { prepare?: Proceed; bind?: Proceed; last?: Proceed };
}

/**
 * RPC Requests ([MS-TDS] section 2.2.6.6). The calls of one message are judged one after another before any of it is forwarded: one refused call refuses all. What
 * changes the state or the schema that the next call would be judged by can only be the last.
 */
export class RpcRequests {
  readonly #to: Forwarding;
  /** The calls of the message at hand, once they were looked at. */
  #calls: Progress[] | undefined;
  #declarations = new Map<string, readonly DeclaredParameter[] | undefined>();
  #declarationsOf: number | undefined;

  constructor(to: Forwarding) {
    this.#to = to;
  }

  /** The message at hand will not go on. */
  abandon(): void {
    const calls = this.#calls;
    this.#calls = undefined;
    if (calls !== undefined) this.#to.ownTransaction.abandon();
    for (const { decided } of calls ?? []) if (decided.last !== undefined) this.#to.admission.giveBack(decided.last);
  }

  /** Returns false when it has to be called again. */
  request(message: WireMessage, request: RpcRequest): boolean {
    const refused = this.#calls === undefined ? this.#plan(request) : undefined;
    if (refused !== undefined) return this.#refused(refused);
    const calls = this.#calls ?? [];
    for (const progress of calls) {
      const step = this.#decide(progress);
      if (step === 'wait') return false;
      if (step !== 'decided') return this.#refuse(step);
    }
    return this.#forward(message, calls);
  }

  #plan(request: RpcRequest): Extract<PlannedCall, { readonly kind: 'refuse' | 'error' }> | undefined {
    const { talk } = this.#to;
    const calls: Progress[] = [];
    for (const call of request.calls) {
      const planned = planCall(call, talk, (text) => this.#declared(text));
      if (planned.kind === 'refuse' || planned.kind === 'error') return planned;
      if (planned.kind === 'judged' && planned.renewal !== undefined && request.calls.length > 1)
        return { kind: 'refuse', refusal: RENEWAL_ALONE };
      calls.push({ call: planned, phase: 0, decided: {} });
    }
    this.#calls = calls;
    return undefined;
  }

  #declared(text: string): readonly DeclaredParameter[] | undefined {
    const of = this.#to.talk.state?.id;
    if (this.#declarationsOf !== of || this.#declarations.size >= MAX_DECLARATIONS) {
      this.#declarations = new Map();
      this.#declarationsOf = of;
    }
    if (this.#declarations.has(text)) return this.#declarations.get(text);
    const declared = declaredParameters(text, this.#to.parseContext);
    if (text.length <= MAX_KEPT_DECLARATION) this.#declarations.set(text, declared);
    return declared;
  }

  /** Asks for the phases of a call that were not decided yet. */
  #decide(progress: Progress): 'decided' | 'wait' | Refusal {
    const { call, decided } = progress;
    if (call.kind === 'free') return 'decided';
    const { judged, renewal, parameters } = call;
    for (; progress.phase < call.phases.length; progress.phase++) {
      const phase = call.phases[progress.phase] ?? 'query';
      const earlier = decided.last ?? call.earlier;
      const runs = phase !== 'prepare';
      const admission = this.#to.admission.ask(phase, { text: judged.text, renewal, earlier, ...(runs ? { parameters } : {}) });
      if (admission === undefined) return 'wait';
      if (admission.kind === 'refuse') return admission.refusal;
      decided.last = admission;
      if (phase === 'prepare') decided.prepare = admission;
      if (phase === 'bind') decided.bind = admission;
      if (!fits(admission, judged)) return NOT_UNDERSTOOD;
    }
    return 'decided';
  }

  #forward(message: WireMessage, calls: readonly Progress[]): boolean {
    const to = this.#to;
    const writes = this.#together(calls);
    if (typeof writes === 'object') return this.#refuse(writes);
    if (writes === 'wrap') {
      const begun = to.ownTransaction.begin();
      if (begun === 'wait') return false;
      if (begun === 'failed') return this.#refuse(NOT_BEGUN);
    }
    this.#calls = undefined;
    const works: Work[] = [];
    let isClean = false;
    let renewing: string | undefined;
    for (const { call, decided } of calls) {
      works.push(call.kind === 'free' ? freeWork(to, call.replies) : this.#work(call, decided as Decided));
      isClean ||= decided.last?.cleanTexts === true || decided.bind?.cleanTexts === true;
      if (call.kind === 'free') call.forwarded();
      else if (call.renewal !== undefined) renewing = call.judged.text;
    }
    if (renewing !== undefined)
      return to.passInstead(PACKET_TYPE.SQL_BATCH, to.talk.own.payload(renewing), new ExpectedReply('batch', works, isClean));
    const reply = new ExpectedReply('rpc', works, isClean);
    if (writes === 'wrap') to.ownTransaction.around(reply);
    return to.pass(message, reply);
  }

  #work(call: JudgedCall, decided: Decided): Work {
    const to = this.#to;
    const { judged } = call;
    const { bind, last } = decided;
    const opened = bind ?? call.earlier;
    const isPrepared = call.phases.at(-1) === 'execute' && opened !== undefined;
    const sent = sentStatements(last, judged);
    const before = isPrepared ? sentStatements(opened, judged) : sent;
    const [own] = sent;
    const isOne = sent.length === 1 && before.length === 1;
    const isSame = sent.length === before.length && sent.every(({ plan }, at) => plan === before[at]?.plan);
    const isBranching = last.branching === true || (isPrepared && opened.branching === true) || (!isOne && !isSame);
    const work = newWork(
      last.ticket,
      isOne || isSame ? sent : [...before, ...sent],
      to.talk.transactions.snapshot(),
      isPrepared && isOne ? plansOf(before[0]?.plan, own?.plan) : NO_PLANS,
      isBranching,
    );
    work.text = judged.text;
    work.call = { ...call.replies(decided), ...outputsOf(call, last) };
    to.runs({ statements: sent }, judged.text);
    return work;
  }

  /** How calls go on in one message. */
  #together(calls: readonly Progress[]): WritePlan {
    const { transactions } = this.#to.talk;
    const isOpen = transactions.snapshot().status === 'open';
    const canWrap = calls.length === 1;
    let together: WritePlan = 'as-it-is';
    for (const [at, { call, decided }] of calls.entries()) {
      if (call.kind === 'free' || decided.last === undefined) continue;
      const { statements } = decided.last;
      if (at < calls.length - 1 && statements.some(({ changesState, changesSchema }) => changesState || changesSchema)) return SEND_APART;
      if (call.phases.at(-1) === 'prepare') continue;
      const writes = planWrites(sentStatements(decided.last, call.judged), isOpen, canWrap);
      if (writes !== 'as-it-is') together = writes;
      if (typeof writes === 'object') return writes;
    }
    return together;
  }

  #refused(planned: Extract<PlannedCall, { readonly kind: 'refuse' | 'error' }>): true {
    return planned.kind === 'refuse' ? this.#refuse(planned.refusal) : this.#to.error(planned.error, planned.text);
  }

  #refuse(refusal: Refusal): true {
    this.abandon();
    return this.#to.refuse(refusal);
  }
}

function freeWork({ talk }: Forwarding, replies: RpcReplies): Work {
  const work = newWork(0, [], talk.transactions.snapshot(), []);
  work.call = replies;
  return work;
}

/** INVARIANT: the statements that are never sent are where they are taken for. */
function fits({ statements }: Proceed, { hasDeclare, outputs }: JudgedText): boolean {
  const ends = (hasDeclare ? 1 : 0) + (outputs.length > 0 ? 1 : 0);
  if (ends === 0) return true;
  if (statements.length < ends) return false;
  return (!hasDeclare || statements[0]?.action === 'declare') && (outputs.length === 0 || statements.at(-1)?.action === 'select');
}

/** Those of the statements that the server gets. */
function sentStatements({ statements }: Proceed, { hasDeclare, outputs }: JudgedText): Proceed['statements'] {
  if (!hasDeclare && outputs.length === 0) return statements;
  return statements.slice(hasDeclare ? 1 : 0, outputs.length > 0 ? -1 : undefined);
}

/** What is to be done with the values that come back. */
function outputsOf(
  { judged, returnedAt, returnsStatus }: JudgedCall,
  { statements }: Proceed,
): Pick<RpcReplies, 'outputs' | 'outputsAt' | 'hasOwnStatus'> {
  const plan = judged.outputs.length === 0 ? undefined : statements.at(-1)?.plan;
  if (plan === undefined) return {};
  return {
    outputs: { ...plan, outputs: plan.outputs.filter((_, at) => returnedAt[at] !== undefined) },
    outputsAt: returnedAt.filter((at) => at !== undefined),
    ...(returnsStatus === true && plan.outputs.at(-1) === null ? { hasOwnStatus: true } : {}),
  };
}

const NO_PLANS: readonly MaskPlan[] = Object.freeze([]);

/** The plan of the earlier phase and, where it is another one, that of the execute. */
function plansOf(first: MaskPlan | undefined, second: MaskPlan | undefined): readonly MaskPlan[] {
  if (first === undefined) return second === undefined ? NO_PLANS : [second];
  return second === undefined || second === first ? [first] : [first, second];
}

const MAX_DECLARATIONS = 1000;
const MAX_KEPT_DECLARATION = 4096;
const SEND_APART: Refusal = {
  code: 'message-unsupported',
  message: 'a call that changes the state of the session or the schema stands in front of others in one message, send it by itself',
};
const RENEWAL_ALONE: Refusal = { code: 'message-unsupported', message: 'a new token can only be given by a call that is sent by itself' };
const NOT_UNDERSTOOD: Refusal = {
  code: 'opaque-statement',
  message: 'what the output parameters of the call derive from is not known, call it without output parameters',
};
