import type { BackendMessage } from '../harness/backend-messages.js';
import * as frontend from '../harness/frontend-messages.js';
import type { RawClient } from '../harness/raw-client.js';
import type { Dice } from '../hardening/programs/dice.js';

/** One thing that a client asked for, known by values that nothing else has. */
export interface Operation {
  /** Values of the rows that it inserts, or the one that it looks for. */
  readonly keys: readonly string[];
  readonly kind: 'insert' | 'read' | 'schema';
  /** Statements that are forwarded for it. */
  readonly statements: number;
  /** The client has its CommandComplete (of a transaction: that of the COMMIT). */
  acknowledged: boolean;
  /** It got an error. */
  failed: boolean;
}

/** Every value that {@link play} uses looks like this. */
export const KEY = /k\d+c\d+n\d+(?:p\d+)?/g;

interface Step {
  readonly operation: Operation;
  /** Sent one after the other, each when the one before is answered. */
  readonly messages: readonly (readonly Uint8Array[])[];
}

/** One client after another thing, until the gateway is gone. Answers all that it asked for. */
export async function play(client: RawClient, prefix: string, dice: Dice, onAcknowledged: () => void): Promise<Operation[]> {
  const asked: Operation[] = [];
  for (let number = 0; !client.closed; number += 1) {
    const { operation, messages } = dice.pick(STEPS)(`${prefix}n${number}`);
    asked.push(operation);
    for (const [index, group] of messages.entries()) {
      client.send(...group);
      const reply = await client.untilReady();
      if (reply.some(({ type }) => type === 'E')) operation.failed = true;
      else if (index === messages.length - 1 && isDone(reply)) {
        operation.acknowledged = true;
        onAcknowledged();
      }
      if (operation.failed || client.closed) break;
    }
  }
  return asked;
}

/** The server has said that the last statement is complete, and the gateway has passed it on. */
function isDone(reply: readonly BackendMessage[]): boolean {
  return reply.at(-1)?.type === 'Z' && reply.some(({ type }) => type === 'C');
}

const asked = (kind: Operation['kind'], keys: readonly string[], statements: number): Operation => ({
  keys,
  kind,
  statements,
  acknowledged: false,
  failed: false,
});
const insertText = (key: string): string => `insert into settings (key, value) values ('${key}', 'x')`;
const insertion = (key: string): Uint8Array[] => [
  frontend.parse('insert into settings (key, value) values ($1, $2)'),
  frontend.bind({ values: [key, 'y'] }),
  frontend.execute(),
];
const reading = (key: string): Uint8Array[] => [
  frontend.parse('select value from settings where key = $1'),
  frontend.bind({ values: [key] }),
  frontend.execute(),
  frontend.sync(),
];

const STEPS: readonly ((key: string) => Step)[] = [
  (key) => ({ operation: asked('insert', [key], 1), messages: [[frontend.query(insertText(key))]] }),
  (key) => ({ operation: asked('insert', [key], 1), messages: [[...insertion(key), frontend.sync()]] }),
  (key) => {
    const keys = [0, 1, 2, 3].map((part) => `${key}p${part}`);
    return { operation: asked('insert', keys, 4), messages: [[...keys.flatMap(insertion), frontend.sync()]] };
  },
  (key) => {
    const keys = [`${key}p0`, `${key}p1`];
    const texts = ['begin', ...keys.map(insertText), 'commit'];
    return { operation: asked('insert', keys, 4), messages: texts.map((text) => [frontend.query(text)]) };
  },
  (key) => ({ operation: asked('schema', [key], 1), messages: [[frontend.query(`create table ${key} (id int)`)]] }),
  (key) => ({ operation: asked('read', [key], 1), messages: [reading(key)] }),
  (key) => ({ operation: asked('read', [key], 1), messages: [reading(key)] }),
  (key) => ({ operation: asked('read', [key], 1), messages: [reading(key)] }),
];
