const { createRequire } = require('node:module');

// Jest's own, found from jest, which brings it.
const fromJest = createRequire(require.resolve('jest'));
const { default: Sequencer } = createRequire(fromJest.resolve('@jest/core'))('@jest/test-sequencer');

/** What takes longest, longest first: begun at the end, one of these would leave the other worker idle. */
const HEAVY = [
  'e2e/src/legitimate.test.ts',
  'e2e/src/attacks-in-code.test.ts',
  'e2e/src/attacks-that-change.test.ts',
  'e2e/src/mysql/mysql-attacks.test.ts',
  'e2e/src/mysql/mysql-legitimate.test.ts',
  'e2e/src/attacks.test.ts',
  'e2e/src/attack-teeth.test.ts',
  'e2e/src/matrix/matrix.test.ts',
  'cli/src/commands/with-gateway.test.ts',
  'cli/src/commands/with-workers.test.ts',
  'ledger/src/retention.test.ts',
  'e2e/src/hostile.test.ts',
];

/** Heavy test files first, everywhere: jest orders by how long they took the last time, which a fresh checkout does not know. */
module.exports = class HeavyFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const at = HEAVY.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/packages/${name}`));
      return at < 0 ? HEAVY.length : at;
    };
    return super.sort(tests).sort((one, other) => place(one) - place(other));
  }
};
