// A process that appends as fast as it can and says on its output what append returned for; the test kills it.
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
for (let n = 0; ; n++) {
  const { commitment, disclosure } = ledger.commit('text', `select ${n}`);
  const seq = ledger.append(
    {
      type: 'statement.intent',
      session: 's',
      upstream: 'u',
      database: 'd',
      environment: 'e',
      principal,
      enforcement: 'gateway',
      phase: 'query',
      text: commitment,
      fingerprint: 'f',
      parameters: [],
      facts: [],
      labels: [],
      rules: [],
      policy: 'p',
      catalogue: 0,
      transaction: n,
      elevated: false,
      masks: [],
      verdict: 'allow',
    },
    [disclosure],
  );
  // Where the gateway would forward the statement.
  writeSync(1, `${seq} ${n}\n`);
  if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
}
