import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { SegmentIndex } from '../index-files/segment-index.js';
import { useSmallSegments } from '../testing/small-segments.js';
import type { StatementAccount } from './account.js';
import type { SearchFilter, SearchOptions } from './search.js';

await useSmallSegments();
const { ledgerSize } = await import('../entry-bytes.js');
const { checkIndex, indexFullSegments } = await import('../index-files/index-segments.js');
const { readIndex } = await import('../index-files/index-store.js');
const { namedBefore } = await import('../index-files/named-before.js');
const { decodeIndex, encodeIndex } = await import('../index-files/segment-index.js');
const { disclosuresPath, indexPath, SEGMENT_ENTRIES, TILE_WIDTH, tilePath } = await import('../layout.js');
const { readEntries, readEntry } = await import('../read.js');
const { generateLog } = await import('../testing/generated-log.js');
const { openLedger, Player, removeScratch, scratch } = await import('../testing/scenario.js');
const { accountOf, matcher, search } = await import('./search.js');
const { newIndexUse } = await import('./unit-source.js');
const { why } = await import('./why.js');

// Logs of several segments, on a machine that may have much else to do.
jest.setTimeout(120_000);
afterAll(removeScratch);

const SEED = 20_261_123;
let directory: string;
/** Every unit, as the log itself tells it. */
let told: readonly StatementAccount[];

async function all(of: string, filter: SearchFilter = {}, options: SearchOptions = {}): Promise<StatementAccount[]> {
  const found: StatementAccount[] = [];
  for await (const account of search(of, filter, options)) found.push(account);
  return found;
}

const texts = (accounts: readonly StatementAccount[]): string[] => accounts.map((account) => JSON.stringify(account));

/** A copy to be changed; its tiles are those of the original unless they are to be changed as well. */
function copy(tiles: 'shared' | 'own' = 'shared'): string {
  const place = scratch();
  cpSync(directory, place, { recursive: true, filter: (path) => tiles === 'own' || path !== join(directory, 'tile') });
  if (tiles === 'shared') symlinkSync(join(directory, 'tile'), join(place, 'tile'));
  return place;
}

function indexOf(place: string, first: number): SegmentIndex {
  const index = decodeIndex(readFileSync(join(place, indexPath(first))));
  if (index === undefined) throw new Error('the index is damaged');
  return index;
}

/** As somebody would change it who knows how it is made. */
function changeIndex(place: string, first: number, change: (index: SegmentIndex) => Partial<SegmentIndex>): void {
  const index = indexOf(place, first);
  writeFileSync(join(place, indexPath(first)), encodeIndex({ ...index, ...change(index) }));
}

beforeAll(async () => {
  directory = scratch();
  await generateLog({ directory, seed: SEED, entries: 2 * SEGMENT_ENTRIES + 600, filler: 6 });
  told = await all(directory, {}, { index: false });
  await indexFullSegments(directory);
}, 120_000);

describe('an answer by index files', () => {
  const middle = (): number => told[Math.floor(told.length / 2)]?.time ?? 0;
  const filters: [string, () => SearchFilter][] = [
    ['nothing in particular', () => ({})],
    ['a person, also behind an agent', () => ({ identity: 'ADA' })],
    ['a model', () => ({ identity: 'planner' })],
    ['a pod', () => ({ identity: 'trainer-0' })],
    ['nobody', () => ({ identity: 'nobody' })],
    ['a training run', () => ({ run: 'Run-7' })],
    ['a table', () => ({ relation: 'people' })],
    ['a table of an upstream', () => ({ relation: 'hr.hr.salaries' })],
    ['a column', () => ({ column: 'sales.invoices.email' })],
    ['a column of a definition', () => ({ column: 'hr.salaries.risk' })],
    ['a label', () => ({ label: 'pii.email' })],
    ['a verdict', () => ({ verdict: 'approved' })],
    ['what was refused', () => ({ verdict: 'refused' })],
    ['a rule', () => ({ rule: 'training-reads' })],
    ['an action', () => ({ action: 'alter' })],
    ['a class', () => ({ class: 'write' })],
    ['an upstream', () => ({ upstream: 'hr', relation: 'orders' })],
    ['a session whose name came again', () => ({ session: 'again' })],
    ['a shape', () => ({ fingerprint: '7'.padStart(64, '0') })],
    ['what cannot be seen through', () => ({ opaque: true })],
    ['what can', () => ({ opaque: false, class: 'procedural' })],
    ['a text', () => ({ text: 'UPDATE -- 77' })],
    ['a time', () => ({ from: middle(), to: middle() + 60_000 })],
    ['a table with dots and quotes in its name', () => ({ relation: 'public."Odd ""Näme.x"' })],
    ['a column of such a table', () => ({ column: '"Odd ""Näme.x".email' })],
    ['a part of a document, by its column', () => ({ column: 'people."notes.x"' })],
    ['what was read through a view', () => ({ column: 'hr.salaries.email', label: 'pii."x"' })],
    ['somebody of an odd name', () => ({ identity: 'İDA#"X"\n' })],
    ['somebody by issuer and id', () => ({ identity: 'https://id.example#y#İda#"x"\n' })],
    ['much at once', () => ({ identity: 'u-ada', relation: 'people', label: 'pii.email', from: middle() })],
  ];
  it.each(filters)('finds %s as the log itself tells it', async (_, filter) => {
    const use = newIndexUse();
    const found = texts(await all(directory, filter(), { use }));
    expect(found).toEqual(texts(told.filter(matcher(filter()))));
    expect(use).toEqual({ entries: await ledgerSize(directory), indexed: 2, first: 0, unfit: [] });
  });

  it('reads only what may match', async () => {
    const place = copy('own');
    const filter: SearchFilter = { verdict: 'approved' };
    const expected = texts(told.filter(matcher(filter)));
    expect(expected.length).toBeGreaterThan(0);
    let unread = 0;
    // One after the other cannot be read at all.
    for (let index = 0; index < SEGMENT_ENTRIES / TILE_WIDTH; index += 3) {
      const path = join(place, tilePath('entries', index, TILE_WIDTH));
      const bundle = readFileSync(path);
      writeFileSync(path, 'broken');
      const answer = await all(place, filter).then(texts, () => undefined);
      if (answer !== undefined) {
        expect(answer).toEqual(expected);
        unread += 1;
      }
      await expect(all(place, filter, { index: false })).rejects.toMatchObject({ code: 'corrupt' });
      writeFileSync(path, bundle);
    }
    expect(unread).toBeGreaterThan(0);
  });

  it.each([
    ['relation', 'people'],
    ['change', 'hr.salaries'],
  ] as const)('says why about a %s as the log itself does', async (about, name) => {
    const options = { limit: 30, uncommitted: about === 'change' };
    const answer = await why(directory, { about, name }, options);
    expect(answer).toEqual(await why(directory, { about, name }, { ...options, index: false }));
    expect(answer.totals.changes + answer.totals.reads).toBeGreaterThan(2);
    expect(answer.entries).toBe(await ledgerSize(directory));
  });

  it('tells one unit by its entry, wherever it stands', async () => {
    for (const account of told.filter((_, at) => at % 97 === 0))
      expect(JSON.stringify(await accountOf(directory, account.seq))).toBe(JSON.stringify(account));
    const changed = (await why(directory, { about: 'change', name: 'people' })).schemaChanges.find(({ intent }) => intent !== undefined);
    const own = await why(directory, { about: 'statement', seq: changed?.intent ?? -1 });
    expect(own.schemaChanges).toContainEqual(changed);
    expect(own).toEqual(await why(directory, { about: 'statement', seq: changed?.intent ?? -1 }, { index: false }));
  });

  it('ends after the oldest, or has the newest', async () => {
    const filter: SearchFilter = { identity: 'dan', class: 'read' };
    const matching = told.filter(matcher(filter));
    expect(texts(await all(directory, filter, { limit: 7 }))).toEqual(texts(matching.slice(0, 7)));
    expect(texts(await all(directory, filter, { newest: 7 }))).toEqual(texts(matching.slice(-7)));
  });

  it('has what a gateway at work has written', async () => {
    const place = copy('own');
    const ledger = await openLedger(place);
    const player = new Player(ledger);
    player.login('live', told[0]?.principal);
    const intent = player.intent({
      session: 'live',
      transaction: 3,
      facts: { writes: ['public.people'], action: 'update', class: 'write' },
    });
    player.outcome(intent, { session: 'live', transaction: 3 });
    const found = await all(place, { session: 'live' });
    expect(found.map(({ seq, transaction }) => [seq, transaction.end])).toEqual([[intent, 'open']]);
    expect((await indexFullSegments(place)).built).toEqual([]);
    await ledger.close();
  });
});

describe('beside a writer at work', () => {
  it('every answer is the beginning of the last one, while segments fill, are indexed and write-ahead files go', async () => {
    const place = scratch();
    let isOver = false;
    const writer = generateLog({ directory: place, seed: SEED + 1, entries: SEGMENT_ENTRIES + 3_000, filler: 4 }).finally(
      () => (isOver = true),
    );
    const answers: (readonly number[])[] = [];
    const built: number[] = [];
    while (!isOver) {
      if (!existsSync(join(place, 'checkpoint'))) {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      built.push(...(await indexFullSegments(place)).built);
      answers.push((await all(place)).map(({ seq }) => seq));
    }
    await writer;
    const last = (await all(place, {}, { index: false })).map(({ seq }) => seq);
    built.push(...(await indexFullSegments(place)).built);
    expect(built).toEqual([0]);
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) expect(answer).toEqual(last.slice(0, answer.length));
    expect((await all(place)).map(({ seq }) => seq)).toEqual(last);
  });
});

describe('an index file', () => {
  it('that is not there is not missed', async () => {
    const place = copy();
    rmSync(join(place, indexPath(0)));
    const use = newIndexUse();
    expect(texts(await all(place, { verdict: 'approved' }, { use }))).toEqual(texts(told.filter(({ verdict }) => verdict === 'approved')));
    expect([use.indexed, use.unfit]).toEqual([1, []]);
    expect(await checkIndex(place)).toEqual({ segments: 2, missing: [0], unfit: [], wrong: [] });
    expect((await indexFullSegments(place)).built).toEqual([0]);
    expect(readFileSync(join(place, indexPath(0)))).toEqual(readFileSync(join(directory, indexPath(0))));
  });

  it.each<[string, (place: string) => void]>([
    [
      'damaged',
      (place) => {
        const file = readFileSync(join(place, indexPath(0)));
        file[file.length - 40] = (file[file.length - 40] ?? 0) ^ 1;
        writeFileSync(join(place, indexPath(0)), file);
      },
    ],
    ['cut off', (place) => writeFileSync(join(place, indexPath(0)), readFileSync(join(place, indexPath(0))).subarray(0, 5_000))],
    ['that of another segment', (place) => copyFileSync(join(place, indexPath(SEGMENT_ENTRIES)), join(place, indexPath(0)))],
    ['made from other entries', (place) => changeIndex(place, 0, () => ({ root: indexOf(place, SEGMENT_ENTRIES).root }))],
    [
      'one that leads to other segments',
      (place) =>
        changeIndex(place, 0, ({ units }) => ({ units: { ...units, positions: units.positions.map((at) => at + SEGMENT_ENTRIES) } })),
    ],
  ])('that is %s does not fit', async (_, damage) => {
    const place = copy();
    damage(place);
    expect(await readIndex(place, 0)).toBe('unfit');
    expect(await readIndex(place, SEGMENT_ENTRIES)).toMatchObject({ first: SEGMENT_ENTRIES });
  });

  it('that does not fit is not used, said, and made anew', async () => {
    const place = copy();
    changeIndex(place, 0, () => ({ root: indexOf(place, SEGMENT_ENTRIES).root }));
    const use = newIndexUse();
    const filter: SearchFilter = { verdict: 'approved', identity: 'dan' };
    expect(texts(await all(place, filter, { use }))).toEqual(texts(told.filter(matcher(filter))));
    expect([use.indexed, use.unfit]).toEqual([1, [0]]);
    expect((await indexFullSegments(place)).built).toEqual([0]);
    expect(readFileSync(join(place, indexPath(0)))).toEqual(readFileSync(join(directory, indexPath(0))));
  });

  it('that was changed to hide something hides it from a search, not from a check, and never shows what is not there', async () => {
    const place = copy();
    changeIndex(place, 0, ({ names }) => ({ names: names.map((list) => (list.includes('u-dan') ? ['nobody'] : list)) }));
    const filter: SearchFilter = { identity: 'dan' };
    expect((await all(place, filter)).every(({ seq }) => seq >= SEGMENT_ENTRIES)).toBe(true);
    expect(await all(place, { identity: 'nobody' })).toEqual([]);
    expect((await checkIndex(place)).wrong).toEqual([0]);
    expect(texts(await all(place, filter, { index: false }))).toEqual(texts(told.filter(matcher(filter))));
    expect((await indexFullSegments(place, { rebuild: 'all' })).built).toEqual([0, SEGMENT_ENTRIES]);
    expect(readFileSync(join(place, indexPath(0)))).toEqual(readFileSync(join(directory, indexPath(0))));
  });

  it('is not made of entries that are not those which were hashed', async () => {
    const place = copy('own');
    const path = join(place, tilePath('entries', 3, TILE_WIDTH));
    const bundle = readFileSync(path);
    const at = bundle.indexOf('"type"');
    bundle.write('"tipe"', at);
    writeFileSync(path, bundle);
    const { built, failed } = await indexFullSegments(place, { rebuild: 'all' });
    expect([built, failed.map(({ first }) => first)]).toEqual([[SEGMENT_ENTRIES], [0]]);
  });

  it('has nothing that can be erased: an answer is the same with and without it when values are gone', async () => {
    const place = copy();
    const wide = told.filter(({ facts }) => facts.some(({ columns }) => columns.length > 1_000));
    expect(wide.length).toBeGreaterThan(0);
    expect(readFileSync(join(place, indexPath(0)), 'utf8')).not.toContain('widewide');
    for (const first of [0, SEGMENT_ENTRIES, 2 * SEGMENT_ENTRIES]) {
      const path = join(place, disclosuresPath(first));
      const lines = readFileSync(path, 'utf8').split('\n');
      writeFileSync(path, lines.filter((line) => !line.includes('widewide')).join('\n'));
    }
    const answer = await why(place, { about: 'relation', name: 'people' });
    expect(answer).toEqual(await why(place, { about: 'relation', name: 'people' }, { index: false }));
    expect(answer.totals.unclear).toBeGreaterThan((await why(directory, { about: 'relation', name: 'people' })).totals.unclear);
    expect((await indexFullSegments(place, { rebuild: 'all' })).built).toHaveLength(2);
    expect(readFileSync(join(place, indexPath(0)))).toEqual(readFileSync(join(directory, indexPath(0))));
  });
});

describe('a log of which retention has removed the beginning', () => {
  it('is read from where it begins, with what reads there name', async () => {
    const place = copy('own');
    const bound = SEGMENT_ENTRIES;
    const kept = new Set([...(await namedBefore(place, bound))].map((seq) => Math.floor(seq / TILE_WIDTH)));
    expect(kept.size).toBeGreaterThan(0);
    writeFileSync(join(place, 'retention.json'), JSON.stringify({ entriesBefore: bound, valuesBefore: bound }));
    let removed = -1;
    for (let index = 0; index < bound / TILE_WIDTH; index++) {
      if (kept.has(index)) continue;
      rmSync(join(place, tilePath('entries', index, TILE_WIDTH)));
      removed = index * TILE_WIDTH;
    }
    await indexFullSegments(place);
    expect(readdirSync(join(place, dirname(indexPath(0))))).toEqual([indexPath(bound).slice('index/'.length)]);
    const use = newIndexUse();
    const found = await all(place, {}, { use });
    expect(use.first).toBe(bound);
    expect(texts(found)).toEqual(texts(await all(place, {}, { index: false })));
    const there = told.filter(({ seq }) => seq >= bound);
    expect(found.map(({ seq, principal }) => [seq, principal.subject.id])).toEqual(
      there.map(({ seq, principal }) => [seq, principal.subject.id]),
    );
    for await (const { seq } of readEntries(place)) {
      expect(seq).toBe(bound);
      break;
    }
    await expect(readEntry(place, removed)).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('retention') });
  });

  it('is read on when more is removed meanwhile', async () => {
    const place = copy('own');
    await indexFullSegments(place, { rebuild: 'damaged' });
    const remove = (): void => {
      writeFileSync(join(place, 'retention.json'), JSON.stringify({ entriesBefore: SEGMENT_ENTRIES, valuesBefore: 0 }));
      // Those that were read already are in memory: what is left of the beginning is behind them.
      for (let index = 8; index < SEGMENT_ENTRIES / TILE_WIDTH; index++) rmSync(join(place, tilePath('entries', index, TILE_WIDTH)));
    };
    const bundle = (seq: number): number => Math.floor(seq / TILE_WIDTH);
    const seqs: number[] = [];
    for await (const { seq } of readEntries(place)) {
      if (seq === 0) remove();
      seqs.push(seq);
    }
    const kept = seqs.filter((seq) => seq < SEGMENT_ENTRIES);
    expect([bundle(kept.at(-1) ?? 0), seqs[kept.length], seqs.at(-1)]).toEqual([7, SEGMENT_ENTRIES, (await ledgerSize(place)) - 1]);
  });

  it('is an error where nothing says that it was removed', async () => {
    const place = copy('own');
    mkdirSync(join(place, 'aside'));
    renameSync(join(place, tilePath('entries', 0, TILE_WIDTH)), join(place, 'aside', '0'));
    await expect(all(place, {}, { index: false })).rejects.toMatchObject({ code: 'corrupt' });
    writeFileSync(join(place, 'retention.json'), '{"entriesBefore":17}');
    await expect(all(place)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
