import type { Outcome } from '@sqlwarden/core';
import type { ErrorField } from '../protocol/backend-message.js';
import { encodeFrontend } from '../protocol/frontend-message.js';
import type { FrameSplitter } from '../protocol/frame-splitter.js';
import type { Conversation } from './conversation.js';
import { cleanedResponse, readErrorFields, sqlStateOf } from './error-texts.js';
import { actionOf, type ExpectedReply, type Injection, type Work } from './expected-reply.js';

/**
 * What an ErrorResponse does: it ends the message that it answers, and in the extended protocol everything up to the next Sync ("Extended
 * Query"). The client sees the server's error, cleaned where protected values are in reach, or the refusal that it stands for.
 */
export class ServerErrors {
  readonly #talk: Conversation;
  readonly #frames: FrameSplitter;
  /** The server has said why it ends the session. */
  fatal = false;

  constructor(talk: Conversation, frames: FrameSplitter) {
    this.#talk = talk;
    this.#frames = frames;
  }

  /** Handles the ErrorResponse in the splitter. */
  handle(): void {
    const talk = this.#talk;
    const frames = this.#frames;
    const fields = readErrorFields(frames.buffer, frames.bodyStart, frames.end);
    const code = sqlStateOf(fields);
    const head = talk.expected.peek();
    if (isFatal(fields)) this.fatal = true;
    if (this.fatal || head === undefined) return this.#showError(fields, talk.cleanSeen || head?.clean === true);
    if (talk.stateTouched) talk.stateStale = true;
    talk.record.failed();
    if (head.injection !== undefined) return this.#injectionError(head, head.injection, fields, code);
    if (head.replacement !== undefined) talk.toClient.write(head.replacement);
    else this.#showError(fields, head.clean);
    const { work } = head;
    if (work !== undefined && (head.kind === 'execute' || head.kind === 'query')) this.#failedWork(work, code);
    if (head.kind === 'sync') return;
    if (head.kind === 'query') return this.#queryFailed(head);
    talk.expected.shift();
    talk.copyIn = false;
    talk.settle(work, statusOf(code));
    this.#skipToSync([head]);
  }

  #failedWork(work: Work, code: string): void {
    work.errorCode = code;
    const statement = work.statements[work.index];
    // Behind the last statement it is the end of their transaction that failed.
    if (statement !== undefined || work.index === 0) this.#talk.record.touched(work.ordinal, actionOf(work, statement));
    // Also what was returned before the error counts.
    if (work.rowsReturned > 0) work.results.push({ command: '', rowsReturned: work.rowsReturned, rowsAffected: null });
    this.#talk.record.failed();
  }

  /** The rest of a Query is its ReadyForQuery, which is what a Sync has. */
  #queryFailed(head: ExpectedReply): void {
    const talk = this.#talk;
    talk.copyIn = false;
    head.replacement = undefined;
    head.completed = undefined;
    if (head.isPortal) talk.toServer.write(encodeFrontend({ kind: 'Sync' }));
    head.isPortal = false;
  }

  #injectionError(head: ExpectedReply, injection: Injection, fields: readonly ErrorField[], code: string): void {
    const talk = this.#talk;
    injection.error = { code, message: fields.find((field) => field.code === 'M')?.value ?? '' };
    if (head.kind === 'sync') return;
    talk.expected.shift();
    if (!injection.inSegment) return this.#skipToSync([]);
    talk.toClient.write(talk.injectionFailed(code));
    this.#skipToSync([]);
    injection.done(injection);
  }

  /**
   * After an error in the extended protocol the server drops everything up to the next Sync: so does the queue of what it would have
   * answered, and, when the Sync was not sent yet, the sending side.
   */
  #skipToSync(skipped: ExpectedReply[]): void {
    const talk = this.#talk;
    const injections = new Set<Injection>();
    for (let next = talk.expected.peek(); next !== undefined && next.kind !== 'sync'; next = talk.expected.peek()) {
      talk.expected.shift();
      skipped.push(next);
      talk.settle(next.work, 'cancelled');
      if (next.injection?.inSegment === true && next.injection.error === undefined) injections.add(next.injection);
    }
    for (const reply of skipped.toReversed()) reply.undo();
    talk.forecast.distrust();
    if (talk.expected.length === 0) {
      talk.discarding = true;
      talk.segmentFailed();
    }
    for (const injection of injections) {
      injection.error = { code: '25P02', message: 'the segment of this statement failed' };
      injection.done(injection);
    }
  }

  #showError(fields: readonly ErrorField[], clean: boolean): void {
    const { buffer, start, end } = this.#frames;
    if (clean) this.#talk.toClient.write(cleanedResponse('ErrorResponse', fields));
    else this.#talk.toClient.pass(buffer, start, end);
  }
}

function isFatal(fields: readonly ErrorField[]): boolean {
  const severity = fields.find((field) => field.code === 'V')?.value;
  return severity === 'FATAL' || severity === 'PANIC';
}

/** 57014 (query_canceled) is what a cancel request and a time limit of the server both end with. */
export function statusOf(code: string): Outcome['status'] {
  return code === '57014' ? 'cancelled' : 'error';
}
