// A process that takes intents and reads as fast as it can and says on its output what flush returned for; the test kills it.
import { writeSync } from 'node:fs';
const [, , library, directory] = process.argv;
const { Ledger } = await import(library);
const ledger = await Ledger.open({ directory, origin: 'gateway.example/production', software: 'crash', checkpointMs: 20 });
writeSync(1, `open ${ledger.size}\n`);
const principal = {
  subject: { kind: 'person', issuer: 'https://id.example', id: 'u', groups: [], groupsComplete: true },
  actors: [],
  proof: {},
  expiresAt: 0,
};
const decided = {
  upstream: 'u',
  database: 'd',
  environment: 'e',
  enforcement: 'gateway',
  fingerprint: 'f',
  facts: [],
  labels: [],
  rules: [],
  policy: 'p',
  catalogue: 0,
  elevated: false,
  masks: [],
  verdict: 'allow',
};
const unit = { ...decided, session: 's', principal, phase: 'query', parameters: [] };
const opened = { upstream: 'u', dialect: 'postgres', database: 'd', enforcement: 'gateway', client: 'c', asserted: {} };
ledger.append({ type: 'session.opened', session: 's', principal, ...opened }, []);
const text = ledger.commit('text', 'select $1');
const decision = ledger.append({ type: 'statement.decided', ...decided, text: text.commitment }, [text.disclosure]);
const read = { status: 'ok', statements: [], bytesReturned: 0, maskedCells: 0, errorCode: undefined, suspended: false };
let open = [];
for (let n = 0; ; ) {
  const said = [];
  for (const ticket of open) ledger.complete(ticket, read, 5);
  open = [];
  for (let unitOfTurn = 0; unitOfTurn < 4; unitOfTurn++, n++) {
    const { commitment, disclosure } = ledger.commit('text', `select ${n}`);
    said.push(`${ledger.append({ type: 'statement.intent', ...unit, text: commitment, transaction: n }, [disclosure])} ${n}`);
    const parameters = [{ typeId: 23, format: 'text', value: new TextEncoder().encode(`value ${n}`) }];
    const ticket = ledger.begin({ session: 's', decision, phase: 'execute', parameters, transaction: n });
    said.push(`${ticket} ${n}`);
    // Some reads are never over.
    if (n % 5 !== 0) open.push(ticket);
  }
  ledger.flush();
  // Where the gateway would forward them.
  writeSync(1, `${said.join('\n')}\n`);
  if (n % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
