import type { Command } from '../command.js';
import { check } from './check.js';
import { approve, reject } from './decide.js';
import { exchange } from './exchange.js';
import { explain } from './explain.js';
import { init } from './init.js';
import { ledgerIndex } from './ledger-index.js';
import { ledgerExport } from './ledger-export.js';
import { ledgerSinks } from './ledger-sinks.js';
import { ledgerProof } from './ledger-proof.js';
import { ledgerSearch } from './ledger-search.js';
import { ledgerShow } from './ledger-show.js';
import { ledgerTail } from './ledger-tail.js';
import { ledgerErase, ledgerRetain, ledgerRotateKey } from './ledger-upkeep.js';
import { ledgerVerify } from './ledger-verify.js';
import { kill, reload, revocations, revoke } from './operator.js';
import { pending } from './pending.js';
import { sessions } from './sessions.js';
import { test } from './test.js';
import { token } from './token.js';
import { up } from './up.js';
import { why } from './why.js';

/** Every command, in the order that the help lists them. */
export const commands: readonly Command[] = [
  init,
  up,
  check,
  test,
  explain,
  token,
  exchange,
  pending,
  approve,
  reject,
  sessions,
  kill,
  revoke,
  revocations,
  reload,
  why,
  ledgerVerify,
  ledgerTail,
  ledgerShow,
  ledgerSearch,
  ledgerIndex,
  ledgerProof,
  ledgerRotateKey,
  ledgerErase,
  ledgerRetain,
  ledgerExport,
  ledgerSinks,
];
