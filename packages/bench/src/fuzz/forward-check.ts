import type { ClientFrame } from './client-frames.js';
import { type Frame, FrameStream } from './frames.js';
import { DESCRIBE_TEXT, INJECTED_TEXT, type Leave } from './model-host.js';

const REFUSED_TEXT = /^sqlwarden: refused [a-z0-9-]+$/;
/** The names that the server knows, asked for after something may have changed them behind the protocol. */
const NAMES_TEXT = /^SELECT name::pg_catalog\.text FROM pg_catalog\.pg_(?:prepared_statements|cursors) [a-z_ ]+$/i;

/**
 * Judges everything that is forwarded to the server, by a decoder of its own. A frame is either one of the client's, byte for byte and in the
 * client's order, and then the host gave leave for what it says; or one of the gateway's own, of which there are few kinds.
 */
export class ForwardCheck {
  readonly #leaves: Leave[];
  readonly #wrong: (what: string) => void;
  readonly #stream = new FrameStream(true);
  readonly #fromClient: Frame[] = [];
  #next = 0;
  #own: string | undefined;
  #probe: string | undefined;

  constructor(leaves: Leave[], wrong: (what: string) => void) {
    this.#leaves = leaves;
    this.#wrong = wrong;
  }

  /** Bytes that the session was given from the client. */
  clientSent(bytes: Uint8Array): void {
    this.#fromClient.push(...this.#stream.push(Uint8Array.from(bytes)));
  }

  takes(frame: Frame, message: ClientFrame): void {
    switch (message.kind) {
      case 'sync':
      case 'flush':
      case 'terminate':
        return undefined;
      case 'query':
        if (message.text === '' || REFUSED_TEXT.test(message.text)) return undefined;
        return this.#client(frame, 'query', message.text, []);
      case 'parse':
        return this.#parse(frame, message);
      case 'bind':
        if (!this.isOwn(message.statement)) this.#sentByClient(frame);
        return undefined;
      case 'execute':
        if (!this.isOwn(message.portal)) this.#sentByClient(frame);
        return undefined;
      case 'describe':
        // A description of a client's portal may be asked for the gateway's own sake.
        if (message.target === 'S' && !this.isOwn(message.name)) this.#sentByClient(frame);
        return undefined;
      case 'close':
        if (!this.isOwn(message.name)) this.#sentByClient(frame);
        return undefined;
      case 'copy-data':
      case 'copy-done':
      case 'copy-fail':
        return this.#sentByClient(frame);
    }
  }

  #parse(frame: Frame, { name, text }: Extract<ClientFrame, { kind: 'parse' }>): void {
    this.#own ??= name.replace(/_\d+$/, '');
    this.#probe ??= text;
    if (!this.isOwn(name)) return this.#client(frame, 'prepare', text, []);
    if (text !== this.#probe && text !== INJECTED_TEXT && text !== DESCRIBE_TEXT && !REFUSED_TEXT.test(text) && !NAMES_TEXT.test(text))
      this.#wrong(`a text of its own that the gateway does not have: ${JSON.stringify(text)}`);
  }

  /** A name that the gateway made up, which a client cannot know. */
  isOwn(name: string): boolean {
    return this.#own !== undefined && name.startsWith(this.#own);
  }

  #client(frame: Frame, phase: Leave['phase'], text: string, values: readonly (Buffer | null)[]): void {
    this.#sentByClient(frame);
    this.spend(phase, text, values);
  }

  /** What the server does with what it was given: there must be a leave for it, which is used up. */
  spend(phase: Leave['phase'], text: string, values: readonly (Buffer | null)[]): void {
    const at = this.#leaves.findIndex((leave) => leave.phase === phase && leave.text === text && sameValues(leave.values, values));
    if (at < 0) this.#wrong(`no leave to ${phase} ${JSON.stringify(text)}`);
    else this.#leaves.splice(at, 1);
  }

  #sentByClient(frame: Frame): void {
    for (let at = this.#next; at < this.#fromClient.length; at += 1) {
      if (!(this.#fromClient[at] as Frame).bytes.equals(frame.bytes)) continue;
      this.#next = at + 1;
      return;
    }
    this.#wrong(`a frame of type ${frame.type} that the client did not send, or not in this order`);
  }
}

function sameValues(left: Leave['values'], right: readonly (Buffer | null)[]): boolean {
  return (
    left.length === right.length &&
    right.every((value, at) => {
      const other = left[at] as Uint8Array | null;
      return value === null || other === null ? value === other : value.equals(other);
    })
  );
}
