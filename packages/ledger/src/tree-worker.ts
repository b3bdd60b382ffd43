import { parentPort, workerData } from 'node:worker_threads';
import { TreeKeeper } from './tree-keeper.js';
import type { FromTree, ToTree, TreeStart } from './tree-messages.js';

/** The entry of the thread that a {@link TreeThread} starts. */

const port = parentPort;
if (port === null) throw new Error('the tree of a ledger is kept by a worker thread');

const tree = new TreeKeeper(workerData as TreeStart);
const say = (message: FromTree): void => port.postMessage(message);

port.on('message', (message: ToTree) => {
  if (message.kind === 'frames') {
    const { memory, start, end, isLast } = message;
    tree.add(Buffer.from(memory, start, end - start));
    if (isLast) say({ kind: 'free', memory });
    return;
  }
  const { id, question } = message;
  try {
    say({ kind: 'answer', id, head: tree.answer(question) });
  } catch (error) {
    const { message: what, code } = error as NodeJS.ErrnoException;
    say({ kind: 'failed', id, message: what, code });
  }
});
