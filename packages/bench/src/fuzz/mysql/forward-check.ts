import { INJECTED_TEXT, type Leave } from '../model-host.js';
import type { Command, Value } from './client-packets.js';
import { type Packet, PacketStream } from './packets.js';

/** Statements of the gateway's own, besides its probe. */
const OWN_TEXTS: ReadonlySet<string> = new Set([INJECTED_TEXT, 'START TRANSACTION', 'COMMIT', 'ROLLBACK']);

/**
 * Judges everything that is forwarded to the server, by a decoder of its own. A command is either one of the client's, byte for byte and in the client's
 * order, and then the host gave leave for what it says; or one of the gateway's own, of which there are few kinds.
 */
export class ForwardCheck {
  readonly #leaves: Leave[];
  readonly #wrong: (what: string) => void;
  /** The text of the gateway's probe, as soon as the server has it. */
  readonly #probe: () => string | undefined;
  readonly #stream = new PacketStream();
  readonly #fromClient: Packet[] = [];
  #next = 0;

  constructor(leaves: Leave[], wrong: (what: string) => void, probe: () => string | undefined) {
    this.#leaves = leaves;
    this.#wrong = wrong;
    this.#probe = probe;
  }

  /** Bytes that the session was given from the client. */
  clientSent(bytes: Uint8Array): void {
    this.#fromClient.push(...this.#stream.push(Uint8Array.from(bytes)));
  }

  /** `statement`: the text of the prepared statement that the command names. */
  takes(packet: Packet, command: Command, statement: string | undefined): void {
    switch (command.kind) {
      case 'quit':
      case 'ping':
        return undefined;
      case 'query': {
        const text = command.text.toString();
        if (text === this.#probe() || OWN_TEXTS.has(text)) return undefined;
        this.#sentByClient(packet);
        return this.#spend('query', text, []);
      }
      case 'init-db':
        // The database that the login names is asked for by the same command.
        return this.#spend('query', `USE ${quoted(command.text)}`, []);
      case 'field-list':
        this.#sentByClient(packet);
        return this.#spend('query', `SHOW COLUMNS FROM ${quoted(command.text)}`, []);
      case 'prepare':
        this.#sentByClient(packet);
        return this.#spend('prepare', command.text.toString(), []);
      case 'execute':
        // Types may be declared anew, values sent ahead come later than the client sent them: it is their content that must have had leave.
        this.#spend('bind', statement ?? '', command.values);
        return this.#spend('execute', statement ?? '', command.values);
      case 'fetch':
        this.#sentByClient(packet);
        return this.#spend('execute', statement ?? '', []);
      case 'long-data':
        // Judged with the execute that uses it.
        return undefined;
      case 'close':
      case 'reset':
      case 'statistics':
      case 'set-option':
      case 'reset-connection':
        return this.#sentByClient(packet);
    }
  }

  /** What the server does with what it was given: there must be a leave for it, which is used up. */
  #spend(phase: Leave['phase'], text: string, values: readonly Value[]): void {
    const wanted = comparable(text);
    const at = this.#leaves.findIndex(
      (leave) => leave.phase === phase && comparable(leave.text) === wanted && sameValues(leave.values, values),
    );
    if (at < 0) this.#wrong(`no leave to ${phase} ${JSON.stringify(text)}`);
    else this.#leaves.splice(at, 1);
  }

  #sentByClient(packet: Packet): void {
    for (let at = this.#next; at < this.#fromClient.length; at += 1) {
      if (!(this.#fromClient[at] as Packet).body.equals(packet.body)) continue;
      this.#next = at + 1;
      return;
    }
    this.#wrong(`a command 0x${packet.body.toString('hex', 0, 8)} that the client did not send, or not in this order`);
  }
}

/** Bytes that are no UTF-8 have no one form as text. */
function comparable(text: string): string {
  return text.replaceAll(/[\ufffd\ud800-\udfff]+/g, '\ufffd');
}

function quoted(name: Buffer): string {
  return `\`${name.toString().replaceAll('`', '``')}\``;
}

function sameValues(left: Leave['values'], right: readonly Value[]): boolean {
  return (
    left.length === right.length &&
    right.every(({ bytes }, at) => {
      const other = left[at] as Uint8Array | null;
      return bytes === null || other === null ? bytes === other : bytes.equals(other);
    })
  );
}
