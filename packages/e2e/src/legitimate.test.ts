import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { type BackendMessage, cellsOf, columnNamesOf, errorFieldsOf, tagOf } from './harness/backend-messages.js';
import { IDENTITIES, type LegitimateCase, corpusPolicy, loadLegitimate } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import { LeakOracle } from './harness/leak-oracle.js';
import { type CaseRun, type StepReply, type Variant, mayChange, runCase, variantsOf } from './harness/run-case.js';
import { GUESSES, SECRETS, WORLD_A } from './harness/worlds.js';

/** A database behind the gateway and its twin that is asked directly. */
const DATABASES = ['crm', 'direct'] as const;
type Database = (typeof DATABASES)[number];

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('legitimate statements through the gateway', () => {
  const cases = loadLegitimate();
  const oracle = new LeakOracle(SECRETS);
  let server: CorpusServer;
  let gateway: RunningGateway;
  let pristine = true;

  beforeAll(async () => {
    server = await startCorpusServer();
    for (const database of DATABASES) await server.create(database, WORLD_A);
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  function run(one: LegitimateCase, variant: Variant, database: Database): Promise<CaseRun> {
    return runCase(one, variant, {
      open: (as) => (database === 'crm' ? gateway.connect('crm', gateway.token(IDENTITIES[as])) : server.direct(database)),
      fill: { ...GUESSES, database, password: server.password, port: String(server.server.port) },
    });
  }

  const rows = cases.flatMap((one) => variantsOf(one).map((variant) => ({ one, variant })));
  const name = ({ one, variant }: (typeof rows)[number]): string => `${one.file}: ${one.note} (${variant.protocol}, ${variant.format})`;

  it('is a corpus worth running', () => {
    expect(cases.length).toBeGreaterThanOrEqual(40);
  });

  it.each(rows.map((row) => [name(row), row] as const))('%s', async (_, { one, variant }) => {
    if (!pristine) for (const database of DATABASES) await server.create(database, WORLD_A);
    pristine = !mayChange(one);
    const direct = await run(one, variant, 'direct');
    const governed = await run(one, variant, 'crm');
    const failing = direct.replies.flatMap((reply, step) => (reply.some(({ type }) => type === 'E') ? [step] : []));
    // A statement that is wrong everywhere would be equal everywhere.
    expect(failing).toEqual(one.fails);
    expect(governed.replies.length).toBe(direct.replies.length);
    for (const [step, reply] of direct.replies.entries()) {
      const plain = tellStep(reply, one, step);
      expect(tellStep(governed.replies[step] ?? [], one, step)).toEqual(plain);
      expectMasks(governed.replies[step] ?? [], reply, one, step);
    }
    if (one.as === 'app') expect(oracle.findIn(governed.received, governed.messages)).toEqual([]);
  });
});

/** A reply without the columns that are masked or that differ from run to run. */
function tellStep(reply: StepReply, one: LegitimateCase, step: number): string[] {
  let columns: readonly string[] = [];
  const told = reply.map((message) => {
    if (message.type === 'T') columns = columnNamesOf(message);
    return tell(message, columns, one, step);
  });
  return one.unordered ? told.sort() : told;
}

function tell(message: BackendMessage, columns: readonly string[], one: LegitimateCase, step: number): string {
  switch (message.type) {
    case 'D':
      return cellsOf(message)
        .map((cell, index) => (leftOut(columns[index] ?? '', one, step) ? '*' : cell === null ? 'null' : printable(cell)))
        .join(' | ');
    case 'd':
      return `copy ${printable(message.body)}`;
    case 'T':
      return `T ${printable(mayChange(one) ? withoutRelations(message.body) : message.body)}`;
    case 'C':
      return `complete ${tagOf(message)}`;
    // Texts of errors and notices may be withheld; their codes stay.
    case 'E':
    case 'N':
      return `${message.type} ${errorFieldsOf(message).severity} ${errorFieldsOf(message).code} ${refusalOf(message)}`;
    // Whatever a trigger puts into a payload is not seen, so payloads are left out.
    case 'A':
      return `notification ${printable(message.body.subarray(4, message.body.indexOf(0, 4)))}`;
    default:
      return `${message.type} ${printable(message.body)}`;
  }
}

/** What the server would say too; the gateway may say it first. */
const SAME_IN_BOTH = ['42601', '42703', '42P01'];

/** Why the gateway refused, so that a difference explains itself; the direct run has none of it. */
function refusalOf(message: BackendMessage): string {
  const { message: text, code } = errorFieldsOf(message);
  return text.startsWith('sqlwarden: ') && !SAME_IN_BOTH.includes(code) ? text : '';
}

/** A RowDescription without the numbers of relations: those of new ones are drawn for the whole server. */
function withoutRelations(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  let at = 2;
  for (let left = copy.readUInt16BE(0); left > 0; left -= 1) {
    at = copy.indexOf(0, at) + 1;
    copy.fill(0, at, at + 4);
    at += 18;
  }
  return copy;
}

function leftOut(column: string, { masked, varies }: LegitimateCase, step: number): boolean {
  return [...masked, ...varies].some((name) => name === column || name === `${step}:${column}`);
}

function printable(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // oxlint-disable-next-line no-control-regex
  return /^[^\u0000-\u0008\u000e-\u001f\ufffd]*$/.test(text) ? text : bytes.toString('hex');
}

/** Every value of a masked column is another one, unless there is none. */
function expectMasks(governed: StepReply, direct: StepReply, one: LegitimateCase, step: number): void {
  const described = direct.find(({ type }) => type === 'T');
  if (described === undefined) return;
  const masked = columnNamesOf(described).map((column) => one.masked.some((name) => name === column || name === `${step}:${column}`));
  const [plainRows, maskedRows] = [direct, governed].map((reply) => reply.filter(({ type }) => type === 'D').map(cellsOf));
  for (const [row, cells] of (plainRows ?? []).entries()) {
    for (const [index, cell] of cells.entries()) {
      if (!masked[index] || cell === null) continue;
      expect(maskedRows?.[row]?.[index]?.equals(cell) ?? false).toBe(false);
    }
  }
}
