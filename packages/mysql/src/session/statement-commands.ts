import type { BoundParameter, MaskPlan, Refusal } from '@sqlwarden/core';
import type { BoundValue } from '../protocol/bound-values.js';
import { type ClientCommand, CURSOR_TYPE, readExecuteValues, writeCommand, writeExecute } from '../protocol/client-command.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { newWork, type Work } from './expected-reply.js';
import type { Forwarding } from './forwarding.js';
import { intentOf } from './intent-attributes.js';
import { killIn } from './kill.js';
import { planWrites } from './limited-writes.js';
import type { PreparedStatement, Proceed } from './prepared.js';
import { statementText } from './statement-text.js';
import { tokenSetting } from './token-setting.js';

type Command<Kind extends ClientCommand['kind']> = Extract<ClientCommand, { kind: Kind }>;

/** An execute that was admitted, and what has to come before it is under way or done. */
interface Begun {
  readonly admission: Proceed;
  readonly work: Work;
  failed: boolean;
}

/**
 * The commands of prepared statements ("Prepared Statements"). Names, rights and policy bind at every execute. Each method returns false when it
 * has to be called again.
 */
export class StatementCommands {
  readonly #to: Forwarding;
  /** What was decided at `bind` for the execute at hand. */
  #bound: Proceed | undefined;
  #begun: Begun | undefined;

  constructor(to: Forwarding) {
    this.#to = to;
  }

  /** The command at hand will not go on. */
  abandon(): void {
    const { admission } = this.#to;
    if (this.#begun !== undefined) admission.giveBack(this.#begun.admission);
    else if (this.#bound !== undefined) admission.giveBack(this.#bound);
    this.#done();
  }

  #done(): void {
    this.#bound = undefined;
    this.#begun = undefined;
  }

  prepare(command: Command<'COM_STMT_PREPARE'>): boolean {
    const to = this.#to;
    const { prepared } = to.talk;
    prepared.forgetLast();
    const bytes = command.text.length;
    if (prepared.isFull(bytes)) return to.refuse(TOO_MANY_STATEMENTS);
    const { text, renewal } = tokenSetting(statementText(command.text, to.charset));
    const admission = to.admission.ask('prepare', { text, renewal });
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return to.refuse(admission.refusal);
    const work = admission.ticket === 0 ? undefined : newWork(admission.ticket, [], to.talk.transactions.snapshot(), []);
    // A KILL that is prepared runs where its number cannot be seen.
    if (killIn(text, admission.statements) !== undefined) {
      to.talk.settle(work, 'cancelled');
      return to.refuse(PREPARED_KILL);
    }
    const reply = to.reply('prepare', admission.cleanTexts);
    reply.work = work;
    reply.text = text;
    reply.prepared = ({ statementId, parameters }) => prepared.add(newStatement(statementId, parameters, text, renewal, bytes, admission));
    if (renewal === undefined) return to.pass(reply);
    const instead = { kind: 'COM_STMT_PREPARE', text: new TextEncoder().encode(text) } as const;
    return to.passInstead(
      encodePacket(0, (writer) => writeCommand(writer, instead, to.talk.capabilities)),
      reply,
    );
  }

  execute(command: Command<'COM_STMT_EXECUTE'>): boolean {
    const to = this.#to;
    const statement = to.talk.prepared.toExecute(command.statementId);
    if (statement === undefined) return to.error(1243, 'HY000', UNKNOWN_STATEMENT);
    if ((command.flags & (CURSOR_TYPE.CURSOR_TYPE_FOR_UPDATE | CURSOR_TYPE.CURSOR_TYPE_SCROLLABLE)) !== 0) return to.refuse(OTHER_CURSOR);
    if (statement.isLongDataLost) return this.#refuseExecute(statement, TOO_MUCH_LONG_DATA);
    const values = this.#values(command, statement);
    if (values === undefined) return to.error(1210, 'HY000', 'Incorrect arguments to mysqld_stmt_execute');
    if (this.#begun !== undefined) return this.#begin(command, statement, values, this.#begun);
    rememberTypes(statement, values);
    const unit = {
      text: statement.text,
      renewal: statement.renewal,
      parameterTypes: values.map(({ type, isUnsigned }) => (isUnsigned ? type | UNSIGNED : type)),
      parameters: values.slice(0, statement.parameters).map((value, at) => boundParameter(value, statement, at)),
      asserted: intentOf(values, statement.parameters),
    };
    if (this.#bound === undefined) {
      const bound = to.admission.ask('bind', { ...unit, earlier: statement.admission });
      if (bound === undefined) return false;
      if (bound.kind === 'refuse') return this.#refuseExecute(statement, bound.refusal);
      this.#bound = bound;
    }
    const bound = this.#bound;
    const admission = to.admission.ask('execute', { ...unit, earlier: bound });
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return this.#refuseExecute(statement, admission.refusal, bound);
    return this.#run(command, statement, values, { admission, work: this.#work(admission, bound), failed: false });
  }

  #run(command: Command<'COM_STMT_EXECUTE'>, statement: PreparedStatement, values: readonly BoundValue[], begun: Begun): boolean {
    const to = this.#to;
    const mayBeUndone = to.talk.transactions.status === 'open' || !to.isAutocommitOn;
    const writes = planWrites(begun.admission.statements, mayBeUndone, to.talk.mayHoldLocks);
    if (writes.kind === 'refuse') return this.#refuseAdmitted(statement, begun.work, writes.refusal);
    if (writes.kind === 'as-it-is') return this.#forward(command, statement, values, begun, false);
    this.#begun = begun;
    to.talk.inject('START TRANSACTION', (result) => {
      begun.failed = result.kind === 'error';
    });
    return false;
  }

  #begin(command: Command<'COM_STMT_EXECUTE'>, statement: PreparedStatement, values: readonly BoundValue[], begun: Begun): boolean {
    if (begun.failed) return this.#refuseAdmitted(statement, begun.work, NOT_BEGUN);
    return this.#forward(command, statement, values, begun, this.#to.isAutocommitOn);
  }

  #forward(
    command: Command<'COM_STMT_EXECUTE'>,
    statement: PreparedStatement,
    values: readonly BoundValue[],
    begun: Begun,
    isWrapped: boolean,
  ): true {
    const to = this.#to;
    const { talk } = to;
    const { admission, work } = begun;
    const bound = this.#bound;
    this.#sendLongData(statement);
    const reply = to.reply('execute', admission.cleanTexts || bound?.cleanTexts === true);
    reply.work = work;
    reply.statement = statement;
    reply.asksForCursor = (command.flags & CURSOR_TYPE.CURSOR_TYPE_READ_ONLY) !== 0;
    reply.text = statement.text;
    reply.isWrapped = isWrapped;
    to.runs(admission, statement.text);
    statement.cursor = undefined;
    statement.opened = bound;
    const areTypesSent = statement.areTypesSent;
    statement.areTypesSent = true;
    this.#done();
    const { id } = statement;
    // What the server takes for the statement that was prepared last is not relied on; behind a header without values may stand what it does not read.
    if (areTypesSent && values.length > 0 && id === command.statementId) return to.pass(reply);
    return to.passInstead(
      encodePacket(0, (writer) =>
        writeExecute(writer, { ...command, statementId: id }, values, {
          capabilities: talk.capabilities,
          parameters: statement.parameters,
        }),
      ),
      reply,
    );
  }

  fetch(command: Command<'COM_STMT_FETCH'>): boolean {
    const to = this.#to;
    const statement = to.talk.prepared.get(command.statementId);
    if (statement === undefined) return to.error(1243, 'HY000', UNKNOWN_STATEMENT);
    const { opened, text, renewal } = statement;
    if (statement.cursor === undefined || opened === undefined)
      return to.error(1421, 'HY000', `The statement (${statement.id}) has no open cursor.`);
    const admission = to.admission.ask('execute', { text, renewal, earlier: opened });
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return to.refuse(admission.refusal);
    const reply = to.reply('fetch', admission.cleanTexts || opened.cleanTexts);
    reply.work = this.#work(admission, opened);
    reply.statement = statement;
    reply.text = text;
    return to.pass(reply);
  }

  /** Kept until the statement is executed, so that nothing reaches the server that was not judged. Has no answer. */
  sendLongData(command: Command<'COM_STMT_SEND_LONG_DATA'>): true {
    const { prepared, maxLongBytes } = this.#to.talk;
    const statement = prepared.get(command.statementId);
    if (statement !== undefined && command.parameter < statement.parameters)
      prepared.addLongData(statement, command.parameter, command.data, maxLongBytes);
    return true;
  }

  /** Has no answer. */
  close(command: Command<'COM_STMT_CLOSE'>): true {
    const { talk } = this.#to;
    if (talk.prepared.get(command.statementId) === undefined) return true;
    talk.prepared.close(command.statementId);
    return this.#to.passUnanswered();
  }

  reset(command: Command<'COM_STMT_RESET'>): true {
    const to = this.#to;
    const statement = to.talk.prepared.get(command.statementId);
    if (statement === undefined) return to.error(1243, 'HY000', UNKNOWN_STATEMENT);
    to.talk.prepared.dropLongData(statement);
    statement.cursor = undefined;
    statement.opened = undefined;
    return to.pass(to.reply('ok'));
  }

  #work(admission: Proceed, earlier: Proceed): Work {
    const isBranching = admission.branching === true || earlier.branching === true;
    return newWork(admission.ticket, admission.statements, this.#to.talk.transactions.snapshot(), plansOf(earlier, admission), isBranching);
  }

  /** `undefined`: they are not what the statement takes. */
  #values(command: Command<'COM_STMT_EXECUTE'>, statement: PreparedStatement): readonly BoundValue[] | undefined {
    const { packets, talk } = this.#to;
    const { parameters, types, longData } = statement;
    const context = {
      capabilities: talk.capabilities,
      parameters,
      types,
      longData: longData.size === 0 ? undefined : new Set(longData.keys()),
    };
    try {
      return readExecuteValues(packets.buffer, packets.bodyStart, packets.end, command, context);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  #sendLongData(statement: PreparedStatement): void {
    const { talk } = this.#to;
    for (const [parameter, { buffer, bytes }] of statement.longData)
      for (let at = 0; at === 0 || at < bytes; at += LONG_DATA_PIECE) {
        const data = buffer.subarray(at, Math.min(bytes, at + LONG_DATA_PIECE));
        const command = { kind: 'COM_STMT_SEND_LONG_DATA', statementId: statement.id, parameter, data } as const;
        talk.toServer.write(encodePacket(0, (writer) => writeCommand(writer, command, talk.capabilities)));
      }
    talk.prepared.dropLongData(statement);
  }

  /** As after an error of the server's, values that were sent ahead are gone; types that came with it are not known to the server. */
  #refuseExecute(statement: PreparedStatement, refusal: Refusal, bound?: Proceed): true {
    if (bound !== undefined) this.#to.admission.giveBack(bound);
    this.#to.talk.prepared.dropLongData(statement);
    statement.areTypesSent = false;
    this.#done();
    return this.#to.refuse(refusal);
  }

  #refuseAdmitted(statement: PreparedStatement, work: Work, refusal: Refusal): true {
    this.#to.talk.prepared.dropLongData(statement);
    statement.areTypesSent = false;
    this.#done();
    return this.#to.refuseAdmitted(work, refusal);
  }
}

const UNSIGNED = 0x8000;
/** Values that were sent ahead go on in pieces of so many bytes: a packet must be under the server's `max_allowed_packet`. */
const LONG_DATA_PIECE = 512 << 10;
const UNKNOWN_STATEMENT = 'Unknown prepared statement handler given to this command, prepare it again';

function newStatement(
  id: number,
  parameters: number,
  text: string,
  renewal: string | undefined,
  bytes: number,
  admission: Proceed,
): PreparedStatement {
  return {
    id,
    text,
    renewal,
    bytes,
    parameters,
    admission,
    types: undefined,
    areTypesSent: true,
    longData: new Map(),
    isLongDataLost: false,
    opened: undefined,
    lastHeader: undefined,
    lastBinding: undefined,
    cursor: undefined,
  };
}

/** Keeps nothing of the values. */
function rememberTypes(statement: PreparedStatement, values: readonly BoundValue[]): void {
  const { types } = statement;
  const isSame =
    types?.length === values.length &&
    values.every(({ type, isUnsigned }, at) => types[at]?.type === type && types[at]?.isUnsigned === isUnsigned);
  if (!isSame) statement.types = values.map(({ type, isUnsigned, name }) => ({ type, isUnsigned, name }));
}

function boundParameter({ type, isUnsigned, value }: BoundValue, statement: PreparedStatement, at: number): BoundParameter {
  const typeId = isUnsigned ? type | UNSIGNED : type;
  return { typeId, format: 'binary', value: value === 'long-data' ? joined(statement, at) : value };
}

function joined(statement: PreparedStatement, parameter: number): Uint8Array {
  const data = statement.longData.get(parameter);
  return data === undefined ? new Uint8Array(0) : data.buffer.subarray(0, data.bytes);
}

const NO_PLANS: readonly MaskPlan[] = Object.freeze([]);

/** The plan of the earlier phase and, where it is another one, that of the execute. */
function plansOf(earlier: Proceed, execute: Proceed): readonly MaskPlan[] {
  const first = earlier.statements[0]?.plan;
  const second = execute.statements[0]?.plan;
  if (first === undefined) return second === undefined ? NO_PLANS : [second];
  return second === undefined || second === first ? [first] : [first, second];
}

const TOO_MANY_STATEMENTS: Refusal = {
  code: 'statement-too-large',
  message: 'too many or too long prepared statements in one session, close some',
};
const TOO_MUCH_LONG_DATA: Refusal = {
  code: 'statement-too-large',
  message: 'the values that were sent ahead of this execute are too long together',
};
const OTHER_CURSOR: Refusal = { code: 'message-unsupported', message: 'cursors are supported read-only (CURSOR_TYPE_READ_ONLY)' };
const PREPARED_KILL: Refusal = { code: 'message-unsupported', message: 'KILL cannot be prepared, send it as a query' };
const NOT_BEGUN: Refusal = {
  code: 'internal-error',
  message: 'the transaction in which a limit counts the rows of this statement could not be begun, try again',
};
