import type { InjectResult, Refusal } from '@sqlwarden/core';
import { unreachable, UnmaskableResult } from '@sqlwarden/core';
import { PACKET_TYPE } from '../protocol/packet.js';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodeUtf16 } from '../protocol/payload-writer.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { DONE_STATUS, type Done, ENV_CHANGE, type EnvChange, type ErrorOrInfo, type ServerToken } from '../protocol/server-token.js';
import { type VersionLayout, versionLayout, versionOf } from '../protocol/tds-version.js';
import { encodeTokens } from '../protocol/token-codec.js';
import { TokenReader } from '../protocol/token-reader.js';
import { refusalTokens } from '../refusal.js';
import { account, checkCounted, completionOf, takeAffected } from './done-counts.js';
import { actionOf, ExpectedReply, type OpenCursor, type RepliesTo, type Work } from './expected-reply.js';
import { OwnRows } from './own-rows.js';
import { ReplyStream } from './reply-stream.js';
import { isUnprotected } from './result-plans.js';
import { ResultReader } from './result-reader.js';
import { cleanedToken, isFatal, statusOf } from './server-errors.js';

/** What a server says unasked: why it ends the session. */
const UNASKED: ReadonlySet<ServerToken['kind']> = new Set(['ERROR', 'INFO', 'DONE', 'ENVCHANGE']);
/** What may come behind the last DONE of a reply: the acknowledgement of an ATTENTION, and what it changed. */
const BEHIND: ReadonlySet<ServerToken['kind']> = new Set(['DONE', 'ENVCHANGE']);
const OF_RESULTS: ReadonlySet<ServerToken['kind']> = new Set(['COLMETADATA', 'TABNAME', 'COLINFO', 'ALTMETADATA', 'RETURNVALUE']);
const NO_BYTES = new Uint8Array(0);

/**
 * The receiving side of a session: gives every token of the server ([MS-TDS] section 2.2.7) to the request that it answers, masks rows and output parameters,
 * cleans texts, and passes on what the client is to see. A token that belongs to nothing, or not in this place, is a `ProtocolError`.
 */
export class ServerMessages {
  readonly #talk: RepliesTo;
  readonly #packets: PacketSplitter;
  readonly #stream: ReplyStream;
  readonly #results: ResultReader;
  #tokens: TokenReader | undefined;
  #layout: VersionLayout = versionLayout('7.4');
  /** Within a message of the server. */
  #isOpen = false;
  /** Bytes of the message that the client had when the last token that is no row was read. */
  #mark = 0;
  /** The last error since the last DONE. */
  #error: ErrorOrInfo | undefined;
  /** What a request of ours is answered with: its rows, and its first error. */
  #own = new OwnRows();
  #failure: InjectResult | undefined;
  /** A statement of the call at hand was completed. */
  #hadCompletion = false;
  /** Of the call at hand: what it was answered with, and its last result. */
  #handle: number | undefined;
  #cursor: number | undefined;
  #opening: Pick<OpenCursor, 'result' | 'returned'> | undefined;
  /** The last DONE of the reply came, and how it ended. */
  #last: 'ok' | 'failed' | undefined;
  /** The ATTENTION was acknowledged. */
  #isGivenUp = false;
  /** The reply is complete but for the acknowledgement, which comes in a message of its own. */
  #awaitsAcknowledgement = false;
  /** The server has said why it ends the session. */
  fatal = false;

  /** `maxValueBytes`: the longest value that is masked. */
  constructor(talk: RepliesTo, packets: PacketSplitter, maxValueBytes: number) {
    this.#talk = talk;
    this.#packets = packets;
    this.#stream = new ReplyStream(packets, talk.toClient);
    this.#results = new ResultReader(talk, this.#stream, maxValueBytes);
  }

  /** Handles one packet, if there is one. Throws a `ProtocolError`, `LimitReached` or {@link UnmaskableResult}. */
  step(): boolean {
    if (!this.#packets.next()) return false;
    this.#packet();
    return true;
  }

  /** The client has a part of a message whose rest the server still has to send. */
  get midMessage(): boolean {
    return this.#isOpen && this.#stream.isBegun;
  }

  /**
   * Ends the message that the client is getting with a refusal; nothing of the server's may be shown after it. False when the client has part of a row, so that
   * only the end of the connection can tell it.
   */
  breakOff(refusal: Refusal): boolean {
    if (!this.#isOpen || this.#results.inRow) return false;
    this.#stream.breakOff(refusalTokens(refusal, this.#talk.tdsVersion));
    this.#isOpen = false;
    return true;
  }

  // ---- packets ----

  #packet(): void {
    const packets = this.#packets;
    if (packets.type !== PACKET_TYPE.TABULAR_RESULT)
      throw new ProtocolError('unexpected-message', 'the server sent something else than a reply');
    const head = this.#talk.expected;
    const tokens = this.#isOpen ? this.#reader() : this.#begin(head);
    this.#stream.packet();
    tokens.push(packets.buffer, packets.bodyStart, packets.end);
    for (;;) {
      this.#results.skip(tokens, head);
      const event = tokens.next();
      if (event === undefined) break;
      if (head?.injection !== undefined) this.#own.take(tokens, event);
      if (event === 'token') this.#event(tokens, head);
      else if (head?.injection === undefined) this.#results.event(tokens, event, head);
    }
    if (packets.isLast) this.#finish(tokens, head);
    else this.#stream.endPacket(this.#results.rest(tokens));
  }

  #reader(): TokenReader {
    const version = versionOf(this.#talk.tdsVersion);
    if (this.#tokens === undefined || this.#layout.version !== version) {
      this.#layout = versionLayout(version);
      this.#tokens = new TokenReader(this.#layout);
    }
    return this.#tokens;
  }

  #begin(head: ExpectedReply | undefined): TokenReader {
    this.#isOpen = true;
    this.#mark = 0;
    this.#error = undefined;
    this.#hadCompletion = false;
    if (!this.#awaitsAcknowledgement) this.#last = undefined;
    this.#isGivenUp = false;
    this.#stream.begin(this.#talk.packetSize, head?.injection !== undefined);
    const tokens = this.#reader();
    this.#results.begin(tokens, head);
    return tokens;
  }

  #finish(tokens: TokenReader, head: ExpectedReply | undefined): void {
    tokens.endMessage();
    this.#stream.endPacket('passes');
    this.#isOpen = false;
    if (head === undefined) return;
    // What an ATTENTION interrupts ends where it is; its acknowledgement follows.
    if (this.#last === undefined && !this.#isGivenUp && !head.attentionSent)
      throw new ProtocolError('unexpected-message', 'a reply ends before its last DONE');
    this.#replied(head);
  }

  // ---- tokens ----

  #event(tokens: TokenReader, head: ExpectedReply | undefined): void {
    const stream = this.#stream;
    stream.token(tokens.buffer, tokens.start, tokens.end, tokens.position);
    // What came since the last token was rows.
    if (head?.work !== undefined) head.work.bytesReturned += stream.before - this.#mark;
    const { token } = tokens;
    if (head === undefined) this.#unasked(token);
    else this.#token(tokens, token, head);
    this.#mark = stream.after;
  }

  #unasked(token: ServerToken): void {
    if (!UNASKED.has(token.kind)) throw new ProtocolError('unexpected-message', 'the server sent a reply to nothing');
    if (token.kind === 'ERROR' || token.kind === 'INFO') this.#said(token, NOBODYS);
  }

  #token(tokens: TokenReader, token: ServerToken, head: ExpectedReply): void {
    if (this.#last !== undefined && !BEHIND.has(token.kind))
      throw new ProtocolError('unexpected-message', 'a reply goes on after its last DONE');
    if (head.injection !== undefined && OF_RESULTS.has(token.kind)) return;
    switch (token.kind) {
      case 'COLMETADATA':
        return this.#results.columns(tokens, token, head);
      case 'TABNAME':
        return this.#results.tables(token);
      case 'COLINFO':
        return this.#results.origins(tokens, token, head);
      case 'ALTMETADATA':
        if (head.work !== undefined && !isUnprotected(head.work)) throw new UnmaskableResult('rows of a COMPUTE clause cannot be masked');
        return;
      case 'RETURNVALUE':
        return this.#results.returnValue(tokens, token, head, (ordinal, value) => this.#took(head.work, ordinal, value));
      case 'ERROR':
      case 'INFO':
        return this.#said(token, head);
      case 'ENVCHANGE':
        return this.#changed(tokens, token);
      case 'DONE':
      case 'DONEINPROC':
      case 'DONEPROC':
        return this.#done(token, head);
      case 'RETURNSTATUS':
        return this.#returned(head);
      case 'ORDER':
      case 'OFFSET':
        return;
      case 'LOGINACK':
      case 'FEATUREEXTACK':
      case 'FEDAUTHINFO':
      case 'SSPI':
      case 'SESSIONSTATE':
        throw new ProtocolError('unexpected-message', `${token.kind} does not belong into a reply`);
      default:
        return unreachable(token);
    }
  }

  #said(token: ErrorOrInfo, head: ExpectedReply): void {
    if (token.kind === 'ERROR') {
      this.#error = token;
      this.fatal ||= isFatal(token);
      if (head.injection !== undefined) this.#failure ??= { kind: 'error', code: String(token.number), message: token.message };
      if (head.work !== undefined) head.work.errorCode ??= String(token.number);
    }
    const shown = cleanedToken(token, head);
    if (shown !== token) this.#stream.replace(encodeTokens([shown], this.#layout));
  }

  #changed({ buffer, start, end }: TokenReader, change: EnvChange): void {
    if (change.type === ENV_CHANGE.ROUTING || change.type === ENV_CHANGE.PACKET_SIZE)
      throw new ProtocolError('unexpected-message', 'the server changes the connection after the login');
    const value = 'newBytes' in change ? change.newBytes : 'newText' in change ? encodeUtf16(change.newText) : NO_BYTES;
    this.#talk.environmentChanged(change.type, value, buffer.subarray(start, end));
  }

  #took(work: Work | undefined, ordinal: number, value: number): void {
    const call = work?.call;
    if (ordinal === call?.handleAt) this.#handle = value;
    if (ordinal === call?.cursorAt) this.#cursor = value;
  }

  /** What a procedure returns may be a protected value: 0 is shown then, that all went well. What a batch returns its analysis has judged. */
  #returned({ works, at, kind }: ExpectedReply): void {
    const isOpen = kind !== 'rpc' || works.slice(at).every((work) => work.call?.hasOwnStatus === true || isUnprotected(work));
    if (!isOpen) this.#stream.replace(encodeTokens([{ kind: 'RETURNSTATUS', value: 0 }], this.#layout));
  }

  // ---- ends ----

  #done(done: Done, head: ExpectedReply): void {
    const { work } = head;
    const isLast = (done.status & DONE_STATUS.MORE) === 0;
    const isGivenUp = (done.status & DONE_STATUS.ATTENTION) !== 0;
    if (this.#last !== undefined && !isGivenUp) throw new ProtocolError('unexpected-message', 'a reply goes on after its last DONE');
    if (isGivenUp) return this.#givenUp(head);
    const failed = this.#error !== undefined || (done.status & (DONE_STATUS.ERROR | DONE_STATUS.SERVER_ERROR)) !== 0;
    if (head.injection === undefined && work !== undefined) this.#completed(head, work, done, failed);
    else if (failed) this.#talk.failed(this.#error?.number ?? 0);
    this.#error = undefined;
    this.#results.end();
    if (isLast && done.kind !== 'DONEINPROC') this.#last = failed ? 'failed' : 'ok';
    if (work !== undefined && this.#endsCall(head, done)) this.#endCall(head, work);
  }

  /** The end of one RPC; of a batch its last DONE. */
  #endsCall({ kind }: ExpectedReply, done: Done): boolean {
    if (kind !== 'rpc' || done.kind !== 'DONEPROC') return this.#last !== undefined;
    return this.#last !== undefined || (done.status & DONE_STATUS.RPC_IN_BATCH) !== 0;
  }

  #completed(head: ExpectedReply, work: Work, done: Done, failed: boolean): void {
    const talk = this.#talk;
    const { result, returned } = this.#results;
    const hadResult = result !== undefined;
    if (result !== undefined) this.#opening = { result, returned };
    // An RPC's own DONEPROC ends the call; its statements had theirs.
    if (head.kind === 'rpc' && done.kind === 'DONEPROC' && !hadResult && !failed) return;
    if (failed) work.errorCode ??= String(this.#error?.number ?? 0);
    const completion = completionOf(work, done, hadResult);
    if (!failed) takeAffected(work, completion, hadResult);
    talk.touched(work, completion.action);
    account(work, completion, !failed);
    this.#hadCompletion = true;
    if (failed) talk.failed(this.#error?.number ?? 0);
    else talk.statementEnded(work, completion.action);
  }

  #endCall(head: ExpectedReply, work: Work): void {
    const talk = this.#talk;
    if (!this.#hadCompletion) {
      talk.touched(work, actionOf(work));
      if (this.#last !== 'failed') talk.statementEnded(work, actionOf(work));
    }
    if (head.kind === 'rpc') checkCounted(work);
    const isOpen = this.#takeHandles(work);
    const isFetch = work.call?.cursor !== undefined && work.results.some(({ rowsReturned }) => rowsReturned > 0);
    const isSuspended = work.errorCode === undefined && (isOpen || isFetch);
    talk.settle(work, work.errorCode === undefined ? 'ok' : statusOf(Number(work.errorCode)), isSuspended);
    this.#hadCompletion = false;
    this.#opening = undefined;
    head.at += 1;
    if (this.#last === undefined) return;
    // Not all servers say where the answer to one call ends and that to the next begins: what is left ended with the last one.
    for (const left of head.works.slice(head.at)) talk.settle(left, work.errorCode === undefined ? 'ok' : 'unknown');
    head.at = head.works.length;
  }

  /** Gives the handles that the call was answered with to who keeps them. True when it opened a cursor. */
  #takeHandles({ call }: Work): boolean {
    const [handle, cursor, opening] = [this.#handle, this.#cursor, this.#opening];
    this.#handle = undefined;
    this.#cursor = undefined;
    if (handle !== undefined && handle !== 0) call?.prepared?.(handle);
    if (cursor === undefined || cursor === 0) return false;
    const lastResult = call?.statement?.lastResult;
    const opened = opening ?? (lastResult === undefined ? undefined : { result: lastResult, returned: undefined });
    if (opened === undefined) throw new UnmaskableResult('the columns of the cursor are not known');
    call?.cursorOpened?.(cursor, opened);
    return true;
  }

  /** The server acknowledges an ATTENTION: what had not ended will not ([MS-TDS] section 2.2.1.7). */
  #givenUp(head: ExpectedReply): void {
    const talk = this.#talk;
    if (!head.attentionSent && head.kind !== 'attention')
      throw new ProtocolError('unexpected-message', 'the server acknowledges what was not asked for');
    for (const work of head.works.slice(head.at)) {
      const action = actionOf(work);
      talk.touched(work, action);
      account(work, { action, affected: null }, false);
      talk.failed(0);
      talk.settle(work, 'cancelled');
    }
    head.at = head.works.length;
    this.#results.end();
    this.#isGivenUp = true;
  }

  /** A message of the server is complete. */
  #replied(head: ExpectedReply): void {
    const talk = this.#talk;
    const { injection } = head;
    if (head.attentionSent && !this.#isGivenUp) {
      this.#awaitsAcknowledgement = true;
      this.#last ??= 'failed';
      return;
    }
    const ok = this.#last === 'ok' && !this.#isGivenUp;
    const { rows } = this.#own;
    injection?.rows.push(...rows);
    const result = this.#failure ?? { kind: 'rows', rows };
    if (injection !== undefined) this.#own = new OwnRows();
    this.#failure = undefined;
    this.#awaitsAcknowledgement = false;
    talk.expected = undefined;
    injection?.done(result);
    head.ended?.(ok);
  }
}

/** What nobody asked for is cleaned. */
const NOBODYS = new ExpectedReply('batch', [], true);
