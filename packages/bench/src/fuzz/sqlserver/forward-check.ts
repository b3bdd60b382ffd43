import { INJECTED_TEXT, type Leave } from '../model-host.js';
import { readModelText } from '../model-text.js';
import { type Call, PROCEDURES, type Request } from './requests.js';

/** Statements of the gateway's own, besides its probe. */
const OWN_TEXTS: ReadonlySet<string> = new Set([
  INJECTED_TEXT,
  'SELECT @@TRANCOUNT',
  'COMMIT TRANSACTION; SELECT @@TRANCOUNT',
  'IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION; SELECT @@TRANCOUNT',
  'IF (@@OPTIONS & 2) = 0 BEGIN TRANSACTION; SELECT @@TRANCOUNT',
  'IF @@TRANCOUNT > 0 AND (@@OPTIONS & 16384) = 16384 ROLLBACK TRANSACTION',
]);
const TRANSACTIONS: ReadonlyMap<number, string> = new Map([
  [5, 'BEGIN TRANSACTION'],
  [7, 'COMMIT TRANSACTION'],
  [8, 'ROLLBACK TRANSACTION'],
  [9, 'SAVE TRANSACTION'],
]);
const SP_CURSORUNPREPARE = 6;
const SP_CURSOROPTION = 8;
type Phase = Leave['phase'];
const RUNS: readonly Phase[] = ['query'];
const EXECUTES: readonly Phase[] = ['bind', 'execute'];

/**
 * Judges everything that is forwarded to the server, by a decoder of its own: the host gave leave for what it says, which is used up; or it is one of the few
 * things that the gateway says by itself.
 */
export class ForwardCheck {
  readonly #leaves: Leave[];
  readonly #wrong: (what: string) => void;
  /** The text of the gateway's probe, as soon as the server has it. */
  readonly #probe: () => string | undefined;

  /** The rows of a bulk load may come. */
  #isAnnounced = false;

  constructor(leaves: Leave[], wrong: (what: string) => void, probe: () => string | undefined) {
    this.#leaves = leaves;
    this.#wrong = wrong;
    this.#probe = probe;
  }

  takes(request: Request, statement: (call: Call) => string | undefined): void {
    const wasAnnounced = this.#isAnnounced;
    this.#isAnnounced = false;
    switch (request.kind) {
      case 'batch':
        this.#isAnnounced = readModelText(request.text).statements.some(({ verb }) => verb === 'copy-in');
        if (request.text !== this.#probe() && !OWN_TEXTS.has(request.text)) this.#spend(RUNS, request.text, []);
        return;
      case 'transaction': {
        const text = TRANSACTIONS.get(request.request);
        if (text === undefined) this.#wrong(`a transaction manager request ${request.request}`);
        else this.#spendOne('query', (leave) => leave.text.startsWith(text), text);
        return;
      }
      case 'bulk':
        if (!wasAnnounced) this.#wrong('rows of a bulk load that no statement announced');
        return;
      case 'rpc':
        for (const call of request.calls) this.#call(call, statement(call));
    }
  }

  #call(call: Call, statement: string | undefined): void {
    const { values } = call;
    const procedure = numbered(call.procedure);
    const text = (at: number): string => values[at]?.bytes?.toString('utf16le') ?? '';
    const bound = (from: number): readonly (Buffer | null)[] => values.slice(from).map(({ bytes }) => bytes);
    switch (procedure) {
      case PROCEDURES.executesql:
        return this.#spend(RUNS, text(0), bound(2));
      case PROCEDURES.prepare:
        return this.#spend(['prepare'], text(2), []);
      case PROCEDURES.prepexec:
        this.#spend(['prepare'], text(2), []);
        return this.#spend(EXECUTES, text(2), bound(3));
      case PROCEDURES.execute:
        return this.#spend(EXECUTES, statement ?? 'an unknown statement', bound(1));
      case PROCEDURES.cursoropen:
        this.#spend(['prepare'], text(1), []);
        return this.#spend(EXECUTES, text(1), bound(6));
      case PROCEDURES.cursorfetch:
        return this.#spend(['execute'], statement ?? 'an unknown cursor', []);
      case PROCEDURES.cursorclose:
      case PROCEDURES.unprepare:
      case SP_CURSORUNPREPARE:
      case SP_CURSOROPTION:
        // They run nothing and return nothing of anybody's.
        return;
      default:
        // By name or by another number: judged as EXECUTE, or as what the number stands for.
        if (typeof procedure === 'string')
          this.#spendOne('query', ({ text: given }) => given.includes('EXECUTE') || given.startsWith('select'), procedure);
        else this.#spendOne('any', () => true, `procedure ${procedure}`);
    }
  }

  /** What the server does with what it was given: there must be a leave for each phase of it. */
  #spend(phases: readonly Phase[], text: string, values: readonly (Buffer | null)[]): void {
    const wanted = comparable(text);
    for (const phase of phases)
      this.#spendOne(
        phase,
        (leave) => comparable(leave.text) === wanted && (phase === 'prepare' || sameValues(leave.values, values)),
        text,
      );
  }

  #spendOne(phase: Phase | 'any', fits: (leave: Leave) => boolean, what: string): void {
    const at = this.#leaves.findIndex((leave) => (phase === 'any' || leave.phase === phase) && fits(leave));
    if (at < 0) this.#wrong(`no leave to ${phase} ${JSON.stringify(what)}`);
    else this.#leaves.splice(at, 1);
  }
}

/** Procedures that have a number may be called by their name. */
function numbered(procedure: Call['procedure']): Call['procedure'] {
  if (typeof procedure === 'number') return procedure;
  const name = /^(?:sys\.)?sp_(\w+)$/.exec(procedure)?.[1] ?? '';
  return Object.hasOwn(PROCEDURES, name) ? PROCEDURES[name as keyof typeof PROCEDURES] : procedure;
}

/** Halves of surrogate pairs have no one form as bytes. */
function comparable(text: string): string {
  return text.replaceAll(/[\ufffd\ud800-\udfff]+/g, '\ufffd');
}

function sameValues(left: Leave['values'], right: readonly (Buffer | null)[]): boolean {
  return (
    left.length === right.length &&
    right.every((bytes, at) => {
      const other = left[at] as Uint8Array | null;
      return bytes === null || other === null ? bytes === other : bytes.equals(other);
    })
  );
}
