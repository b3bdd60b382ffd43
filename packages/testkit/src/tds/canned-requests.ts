import type { CannedItem, CannedRequest } from './canned-answers.js';
import type { CannedServerState } from './canned-server-options.js';
import { PACKET, type Message, type ReplyWriter } from './packets.js';
import { answerCall, textOf } from './procedures.js';
import { Reply, type ReplyPlace } from './reply.js';
import { readBatch, readBulkLoad, readCalls, readTransactionRequest, type Call, type TransactionRequest } from './requests.js';
import { SessionState } from './session-state.js';
import { answerSessionText, changeTransaction } from './session-texts.js';
import type { TdsVersion } from './tds-version.js';
import { DONE_STATUS, done } from './tokens.js';

/** The connection of a login. */
export interface RequestsPlace {
  readonly connection: number;
  readonly login: string;
  readonly version: TdsVersion;
  readonly database: string;
  writer(): ReplyWriter;
  drained(): Promise<void>;
  close(): void;
  failed(error: unknown): void;
}

type Place = Pick<CannedRequest, 'connection' | 'login' | 'database' | 'reset' | 'transaction' | 'packets'>;

const RESET = 0x08;
const RESET_KEEPING_TRANSACTION = 0x10;
const IGNORED = 0x02;

/** The requests of one session, answered one after another; an attention is heard while one runs. */
export class CannedRequests {
  readonly #server: CannedServerState;
  readonly #place: RequestsPlace;
  readonly #state: SessionState;
  #last: Promise<void> = Promise.resolve();
  #running = 0;
  #attention = false;
  #over = false;
  #cancel: () => void = () => undefined;
  #cancelled: Promise<void> = Promise.resolve();
  #bulkText = '';

  constructor(server: CannedServerState, place: RequestsPlace) {
    this.#server = server;
    this.#place = place;
    this.#state = new SessionState(place.version, place.database);
  }

  take(message: Message): void {
    if (message.type === PACKET.attention) {
      this.#server.requests.push({ ...this.#placeOf(message, 0n), kind: 'attention', text: '' });
      if (this.#running === 0) this.#acknowledge(this.#place.writer());
      else {
        this.#attention = true;
        this.#cancel();
      }
      return;
    }
    if (this.#running === 0) this.#cancelled = new Promise((resolve) => (this.#cancel = resolve));
    this.#running += 1;
    this.#last = this.#last
      .then(() => this.#answer(message))
      .catch((error: unknown) => this.#place.failed(error))
      .finally(() => {
        this.#running -= 1;
      });
  }

  /** The connection is gone: nothing waits any more. */
  ended(): void {
    this.#over = true;
    this.#cancel();
  }

  async #answer(message: Message): Promise<void> {
    const writer = this.#place.writer();
    // A reset is acknowledged before anything else.
    if ((message.status & (RESET | RESET_KEEPING_TRANSACTION)) !== 0) {
      writer.write(this.#state.reset((message.status & RESET_KEEPING_TRANSACTION) !== 0));
    }
    if ((message.status & IGNORED) !== 0) {
      writer.write(done('done', { status: DONE_STATUS.error, command: 0, count: 0 }, this.#place.version));
    } else await this.#answerMessage(message, writer);
    if (this.#over) return;
    if (!this.#attention) writer.end();
    else if (this.#server.options.attention === 'same message') this.#acknowledge(writer);
    else {
      writer.write(done('done', { status: DONE_STATUS.final, command: 0, count: 0 }, this.#place.version));
      writer.end();
      this.#acknowledge(this.#place.writer());
    }
  }

  #acknowledge(writer: ReplyWriter): void {
    this.#attention = false;
    writer.write(done('done', { status: DONE_STATUS.attention, command: 0, count: 0 }, this.#place.version));
    writer.end();
  }

  async #answerMessage(message: Message, writer: ReplyWriter): Promise<void> {
    const { payload } = message;
    const { version } = this.#place;
    switch (message.type) {
      case PACKET.batch: {
        const { transaction, text } = readBatch(payload, version);
        return this.#answerText({ ...this.#placeOf(message, transaction), kind: 'batch', text }, writer);
      }
      case PACKET.rpc: {
        const { transaction, calls } = readCalls(payload, version);
        for (const [index, call] of calls.entries()) {
          if (!this.#attention) await this.#answerCall(call, this.#placeOf(message, transaction), writer, index < calls.length - 1);
        }
        return;
      }
      case PACKET.transactionManager:
        return this.#answerTransaction(readTransactionRequest(payload, version), message, writer);
      case PACKET.bulkLoad: {
        const load = readBulkLoad(payload, version);
        const request: CannedRequest = { ...this.#placeOf(message, 0n), kind: 'bulk load', text: this.#bulkText, ...load };
        this.#server.requests.push(request);
        return this.#give(await this.#scripted(request), [{ kind: 'count', count: load.rows.length }], writer);
      }
      default:
        throw new Error(`a message of type ${message.type} after a login`);
    }
  }

  #placeOf({ status, packets }: Message, transaction: bigint): Place {
    const { connection, login } = this.#place;
    const reset = (status & RESET) !== 0 ? 'connection' : (status & RESET_KEEPING_TRANSACTION) !== 0 ? 'connection but transaction' : 'no';
    return { connection, login, database: this.#state.database, reset, transaction, packets };
  }

  async #answerText(request: Extract<CannedRequest, { kind: 'batch' }>, writer: ReplyWriter): Promise<void> {
    this.#server.requests.push(request);
    const { text } = request;
    if (/^\s*insert\s+bulk\s/i.test(text)) this.#bulkText = text;
    const scripted = await this.#scripted(request);
    const reply = this.#newReply(writer, false);
    if (scripted === undefined && answerSessionText(text, this.#state, reply)) reply.end();
    else await this.#end(reply, scripted ?? (await this.#unscripted(request)));
  }

  async #give(scripted: readonly CannedItem[] | undefined, otherwise: readonly CannedItem[], writer: ReplyWriter): Promise<void> {
    await this.#end(this.#newReply(writer, false), scripted ?? otherwise);
  }

  async #end(reply: Reply, items: readonly CannedItem[]): Promise<void> {
    await reply.give(items);
    if (!this.#attention) reply.end();
  }

  async #answerCall(call: Call, place: Place, writer: ReplyWriter, more: boolean): Promise<void> {
    const request: Extract<CannedRequest, { kind: 'rpc' }> = { ...place, kind: 'rpc', ...call, text: textOf(call, this.#state) };
    this.#server.requests.push(request);
    const reply = this.#newReply(writer, true);
    const outputs = await answerCall({
      state: this.#state,
      reply,
      request,
      rowstat: this.#server.options.rowstat ?? 'listed',
      answer: async () => (await this.#scripted(request)) ?? (await this.#unscriptedCall(request, reply)),
    });
    if (!this.#attention) reply.endCall(outputs, more);
  }

  /** Texts that only change the session may come as the statement of a call, too. */
  async #unscriptedCall(request: CannedRequest, reply: Reply): Promise<readonly CannedItem[]> {
    return answerSessionText(request.text, this.#state, reply) ? [] : this.#unscripted(request);
  }

  async #answerTransaction(asked: TransactionRequest, message: Message, writer: ReplyWriter): Promise<void> {
    const { type, action, name, isolation } = asked;
    const text =
      action === 'other' ? '' : { begin: 'BEGIN', commit: 'COMMIT', rollback: 'ROLLBACK', save: 'SAVE' }[action] + ' TRANSACTION';
    const place = this.#placeOf(message, asked.transaction);
    const request: CannedRequest = { ...place, kind: 'transaction manager', type, action, name, isolation, text };
    this.#server.requests.push(request);
    const scripted = await this.#scripted(request);
    const reply = this.#newReply(writer, false);
    if (scripted !== undefined || action === 'other') return this.#end(reply, scripted ?? UNKNOWN);
    changeTransaction(action, this.#state, reply);
    if (asked.begins && !reply.failed) changeTransaction('begin', this.#state, reply);
    reply.end();
  }

  #newReply(writer: ReplyWriter, isCall: boolean): Reply {
    const place: ReplyPlace = {
      version: this.#place.version,
      serverName: this.#server.options.serverName ?? 'canned',
      isCancelled: () => this.#attention || this.#over,
      cancelled: this.#cancelled,
      drained: () => this.#place.drained(),
      close: () => this.#place.close(),
      setDatabase: (name) => this.#state.setDatabase(name),
      changeTransaction: (action) => this.#state[action](),
      inTransaction: () => this.#state.inTransaction,
    };
    return new Reply(writer, place, isCall);
  }

  async #scripted(request: CannedRequest): Promise<readonly CannedItem[] | undefined> {
    const answer = this.#server.answers.find(({ when }) => {
      if (typeof when === 'function') return when(request);
      return typeof when === 'string' ? request.text.trim().toLowerCase() === when.trim().toLowerCase() : when.test(request.text);
    });
    if (answer === undefined) return undefined;
    return typeof answer.give === 'function' ? answer.give(request) : answer.give;
  }

  async #unscripted(request: CannedRequest): Promise<readonly CannedItem[]> {
    return (await this.#server.options.catalogue?.(request.text, request)) ?? UNKNOWN;
  }
}

const UNKNOWN: readonly CannedItem[] = [{ kind: 'error', number: 50_000, message: 'this server has no answer for this text' }];
