import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Checkpoint,
  encodeBase64,
  equalBytes,
  formatVerifierKey,
  HASH_BYTES,
  type LedgerEvent,
  MerkleFrontier,
  NoteError,
  parseEvent,
  parseVerifierKey,
  type VerifierKey,
} from '@sqlwarden/core';
import { retainedLength, retainedLines } from '../checkpoint-files.js';
import { ifMissing, LedgerError } from '../ledger-error.js';
import { sha256 } from '../node-crypto.js';
import { readRetention, RETENTION_FILE, type Retention } from '../retention-file.js';
import { leafInputOf } from '../write-ahead.js';
import { DisclosureChecks } from './disclosure-checks.js';
import { EntrySource, RemovedMeanwhile } from './entry-source.js';
import { EventChecks } from './event-checks.js';
import { KeyChecks } from './key-checks.js';
import { Findings, type Place, type VerifyReport } from './report.js';
import { TileChecks } from './tile-checks.js';

export interface VerifyOptions {
  /** The first key that the log signed with, which names it (`<name>+<id>+<key>`), from somewhere else than the directory. */
  readonly verifier?: string;
  /** Checkpoints of this log that were kept somewhere else, as notes. */
  readonly retainedCheckpoints?: readonly string[];
}

interface Retained extends Checkpoint {
  readonly from: 'directory' | 'given';
}

/** What the entries are given to. */
interface Parts {
  readonly keys: KeyChecks;
  readonly head: Head | undefined;
  readonly tiles: TileChecks;
  readonly disclosures: DisclosureChecks;
  readonly events: EventChecks;
}

interface Head {
  readonly checkpoint: Checkpoint;
  readonly note: string;
}

/**
 * Checks everything in a ledger's directory: bytes, canonical form, hashes, tree, signatures, consistency with every retained checkpoint,
 * keys and their changes, sequence, time, intents and outcomes, approvals, disclosures, and that what was removed was said to be. Reads only; works
 * beside a running gateway. Findings are in the report;
 * throws a {@link LedgerError} (`not-found`) only when there is no ledger there.
 */
export async function verifyLedger(directory: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  if ((await stat(directory).catch(ifMissing))?.isDirectory() !== true)
    throw new LedgerError('not-found', `there is no directory ${directory}`);
  for (let tries = 1; ; tries++) {
    try {
      return await new Verification(directory, options).run();
    } catch (error) {
      // What was being read is removed by a writer at work, once in many days.
      if (!(error instanceof RemovedMeanwhile) || tries === MAX_TRIES) throw error;
    }
  }
}

const MAX_TRIES = 5;

/** What stands in the files of checkpoints. */
interface Notes {
  readonly head: string | undefined;
  /** Bytes of the file of retained checkpoints. */
  readonly local: number | undefined;
}

class Verification {
  readonly #directory: string;
  readonly #options: VerifyOptions;
  readonly #findings = new Findings();
  readonly #frontier = new MerkleFrontier(sha256);
  /** How much the file says was removed, whether or not that can be. */
  #noted = 0;
  /** Retained checkpoints that are not compared yet, descending. */
  #retained: Retained[] = [];
  /** Those that were compared and do not hold. */
  readonly #differing: Retained[] = [];
  /** Whether the newest checkpoint holds; `undefined` until the tree has its size. */
  #headHolds: boolean | undefined;
  readonly #retainedCounts = { directory: 0, given: 0 };

  constructor(directory: string, options: VerifyOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  async run(): Promise<VerifyReport> {
    // In the order in which a writer at work could not have made them from what comes later.
    const notes: Notes = { head: await this.#note(), local: await retainedLength(this.#directory) };
    const verifier = await this.#verifier();
    const keys = await KeyChecks.open(this.#directory, this.#findings, verifier?.key);
    const head = verifier === undefined ? undefined : await this.#head(notes, keys);
    await this.#collectRetained(notes, keys, head);
    const signed = head?.checkpoint.size ?? 0;
    const retention = await this.#retention(notes, signed);
    const source = new EntrySource(this.#directory, this.#findings, {
      first: retention.entriesBefore,
      noted: this.#noted,
      signed,
      retained: this.#retained[0]?.size ?? 0,
    });
    const sizes = this.#retained
      .filter(({ from }) => from === 'directory')
      .map(({ size }) => size)
      .reverse();
    const parts: Parts = {
      keys,
      head,
      tiles: new TileChecks(this.#directory, this.#findings, { first: retention.entriesBefore, signed, sizes }),
      disclosures: new DisclosureChecks(this.#directory, this.#findings),
      events: new EventChecks(this.#findings, retention.entriesBefore),
    };
    this.#compareRoots(head);
    if (await this.#removed(source, parts)) for await (const entry of source.entries()) await this.#entry(entry, parts);
    await this.#end(source, parts, retention);
    return this.#report(verifier, parts);
  }

  /** The entries that were removed, by their hashes; false when the tree cannot go on behind them. */
  async #removed(source: EntrySource, { tiles, keys, events, head }: Parts): Promise<boolean> {
    for await (const { hashes, entries } of source.removed()) {
      for (let at = 0; at < hashes.length; at += HASH_BYTES) {
        const leaf = hashes.subarray(at, at + HASH_BYTES);
        const position = this.#frontier.size;
        const entry = entries?.[at / HASH_BYTES];
        if (entry !== undefined) this.#kept(entry, leaf, position, events);
        keys.addRemoved(position, leaf);
        await this.#push(leaf, tiles);
        this.#compareRoots(head);
      }
    }
    return this.#frontier.size === source.first;
  }

  #kept(entry: Buffer, leaf: Uint8Array, position: number, events: EventChecks): void {
    if (!equalBytes(sha256.sha256(leafInputOf(entry)), leaf)) {
      this.#findings.add('tile-differs', `entry ${position} does not have the hash that its tile holds: one of them was changed`, {
        seq: position,
      });
      return;
    }
    const event = this.#event(entry, position);
    if (event !== undefined) events.addKept(event);
  }

  async #entry(entry: Buffer, { tiles, disclosures, keys, events, head }: Parts): Promise<void> {
    const position = this.#frontier.size;
    const event = this.#event(entry, position);
    if (event?.type === 'log.opened') this.#previous(event, position);
    await tiles.addEntry(entry);
    await this.#push(sha256.sha256(leafInputOf(entry)), tiles);
    if (event !== undefined) {
      keys.add(event, entry);
      events.add(event, position);
      await disclosures.add(event, position);
    }
    this.#compareRoots(head);
  }

  async #push(leaf: Uint8Array, tiles: TileChecks): Promise<void> {
    const nodes: [number, number, Uint8Array][] = [];
    this.#frontier.push(leaf, (...node) => nodes.push(node));
    for (const node of nodes) await tiles.addNode(...node);
  }

  async #retention(notes: Notes, signed: number): Promise<Retention> {
    const none = { entriesBefore: 0, valuesBefore: 0 };
    try {
      const retention = await readRetention(this.#directory);
      this.#noted = retention.entriesBefore;
      if (retention.entriesBefore <= signed) return retention;
      if ((await this.#note()) !== notes.head) throw new RemovedMeanwhile();
      this.#findings.add('retention-differs', 'the file says that more was removed than was ever signed', { file: RETENTION_FILE });
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#findings.add('retention-malformed', error.message, { file: RETENTION_FILE });
    }
    return none;
  }

  #event(entry: Buffer, position: number): LedgerEvent | undefined {
    try {
      return parseEvent(entry);
    } catch (error) {
      this.#findings.add('entry-malformed', error instanceof Error ? error.message : 'the entry cannot be read', { seq: position });
      return undefined;
    }
  }

  /** What a reopened log says that it found. */
  #previous(event: LedgerEvent & { readonly type: 'log.opened' }, position: number): void {
    if (event.previous.size === position && event.previous.root === encodeBase64(this.#frontier.root())) return;
    this.#findings.add('previous-differs', 'the log that was opened here is not the one that stands before this entry', { seq: position });
  }

  /** Compares the tree with every checkpoint of its present size. */
  #compareRoots(head: Head | undefined): void {
    const size = this.#frontier.size;
    const isHead = head?.checkpoint.size === size;
    if (this.#retained.at(-1)?.size !== size && !isHead) return;
    const root = this.#frontier.root();
    if (isHead) this.#headHolds = equalBytes(head.checkpoint.root, root);
    while (this.#retained.at(-1)?.size === size) {
      const checkpoint = this.#retained.pop();
      if (checkpoint !== undefined && !equalBytes(checkpoint.root, root)) this.#differing.push(checkpoint);
    }
  }

  async #end(source: EntrySource, { tiles, disclosures, keys, events, head }: Parts, retention: Retention): Promise<void> {
    const total = (): Promise<number> => source.total();
    await tiles.end(total);
    await disclosures.end({ total, closed: events.closed, later: () => source.later(this.#frontier.size) });
    keys.end(head?.checkpoint.size ?? 0);
    events.end();
    const { entriesBefore } = retention;
    if (entriesBefore > events.removedBefore)
      this.#findings.add('retention-differs', `entries before ${entriesBefore} are gone, and no entry says that they were removed`, {
        file: RETENTION_FILE,
      });
    this.#roots(head);
    // Bundles may have gone between two looks at them.
    await source.assertNothingRemoved();
  }

  #roots(head: Head | undefined): void {
    const size = this.#frontier.size;
    if (this.#headHolds === false) {
      this.#findings.add('root-differs', `the first ${head?.checkpoint.size} entries are not those that the checkpoint was signed over`, {
        file: 'checkpoint',
      });
    }
    for (const checkpoint of this.#differing) this.#differs(checkpoint);
    for (const checkpoint of this.#retained.reverse()) {
      const message = `a checkpoint over ${checkpoint.size} entries was signed, but only ${size} can be read: the end of the log was cut off`;
      this.#findings.add('log-truncated', message, { ...placeOf(checkpoint), seq: size });
    }
    const signed = head?.checkpoint.size ?? 0;
    if (size > signed) {
      this.#findings.add(
        'entries-unsigned',
        `${size - signed} entries are not under a checkpoint yet: nothing proves them until the log is opened again`,
        { seq: signed },
      );
    }
  }

  /** A kept checkpoint does not hold: if the newest one does, two histories were signed; if not, entries were changed. */
  #differs(checkpoint: Retained): void {
    const { size } = checkpoint;
    if (this.#headHolds === true)
      this.#findings.add(
        'log-forked',
        `a checkpoint over ${size} entries was signed with another root: the log was replaced by another history`,
        placeOf(checkpoint),
      );
    else
      this.#findings.add(
        'root-differs',
        `the first ${size} entries are not those that a kept checkpoint was signed over`,
        placeOf(checkpoint),
      );
  }

  async #verifier(): Promise<{ readonly key: VerifierKey; readonly from: 'given' | 'directory' } | undefined> {
    const file = 'keys/verifier';
    const line = await readFile(join(this.#directory, file), 'utf8').catch(ifMissing);
    const given = this.#options.verifier?.trim();
    if (line === undefined && given === undefined) {
      this.#findings.add('key-missing', 'no verifier key: give the one that the log is known by', { file });
      return undefined;
    }
    if (line !== undefined && given !== undefined && line !== `${given}\n`) {
      this.#findings.add('key-differs', 'the key in the directory is not the one that the log is known by', { file });
    }
    if (line !== undefined && !/^[^\n]+\n$/.test(line)) this.#findings.add('key-malformed', 'the file is not one line', { file });
    try {
      const vkey = given ?? line?.trimEnd() ?? '';
      return { key: parseVerifierKey(sha256, vkey), from: given === undefined ? 'directory' : 'given' };
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      this.#findings.add('key-malformed', error.message, given === undefined ? { file } : {});
      return undefined;
    }
  }

  #note(): Promise<string | undefined> {
    return readFile(join(this.#directory, 'checkpoint'), 'utf8').catch(ifMissing);
  }

  async #head({ head: note }: Notes, keys: KeyChecks): Promise<Head | undefined> {
    const file = 'checkpoint';
    if (note === undefined) {
      const hasTree = (await stat(join(this.#directory, 'tile')).catch(ifMissing)) !== undefined;
      if (hasTree) this.#findings.add('checkpoint-missing', 'there is a tree but no checkpoint: restore the file from a backup', { file });
      else
        this.#findings.add('checkpoint-none', 'nothing was signed yet: the log is new, or everything that was signed was removed', {
          file,
        });
      return undefined;
    }
    const checkpoint = keys.checkpoint(note, 'checkpoint', { file });
    return checkpoint === undefined ? undefined : { checkpoint, note };
  }

  async #collectRetained({ local }: Notes, keys: KeyChecks, head: Head | undefined): Promise<void> {
    const file = 'checkpoints';
    if (local === undefined && head !== undefined)
      this.#findings.add('retained-missing', 'the checkpoints that were signed before are gone: restore the file from a backup', { file });
    const { hasHead, previous } = await this.#retainLocal(local ?? 0, keys, head);
    for (const note of this.#options.retainedCheckpoints ?? []) this.#retain(note, keys, 'given', {});
    this.#retained.sort((a, b) => b.size - a.size);
    if (head === undefined || local === undefined) return;
    if (!hasHead)
      this.#findings.add(
        'retained-missing',
        'the newest checkpoint is not among those that were kept: the end of the file was cut off or changed',
        { file },
      );
    if (previous > head.checkpoint.size)
      this.#findings.add('checkpoint-behind', 'a newer one was signed, but not put in its place', { file: 'checkpoint' });
  }

  /** The file of retained checkpoints, as long as it was: whether the newest one is in it, and the size of its last one. */
  async #retainLocal(length: number, keys: KeyChecks, head: Head | undefined): Promise<{ hasHead: boolean; previous: number }> {
    const file = 'checkpoints';
    let hasHead = false;
    let previous = 0;
    let n = 0;
    for await (const line of retainedLines(this.#directory, length)) {
      if ('torn' in line) {
        this.#findings.add('checkpoint-torn', 'the last line was cut off', { file });
        break;
      }
      const { note } = line;
      n += 1;
      if (note === undefined)
        this.#findings.add('retained-malformed', `line ${n} is not one that the log wrote, or lines before it are missing`, { file });
      hasHead ||= note !== undefined && note === head?.note;
      const size = note === undefined ? undefined : this.#retain(note, keys, 'directory', { file });
      if (size !== undefined && size < previous)
        this.#findings.add('retained-order', `line ${n} is of a smaller tree than the line before it`, { file });
      previous = size ?? previous;
    }
    return { hasHead, previous };
  }

  #retain(note: string, keys: KeyChecks, from: 'directory' | 'given', place: { readonly file?: string }): number | undefined {
    const checkpoint = keys.checkpoint(note, 'retained', place);
    if (checkpoint === undefined) return undefined;
    this.#retained.push({ ...checkpoint, from });
    this.#retainedCounts[from] += 1;
    return checkpoint.size;
  }

  #report(
    verifier: { readonly key: VerifierKey; readonly from: 'given' | 'directory' } | undefined,
    { head, keys, disclosures, events }: Parts,
  ): VerifyReport {
    const entries = this.#frontier.size;
    return {
      ok: this.#findings.exitCode === 0,
      exitCode: this.#findings.exitCode,
      directory: this.#directory,
      origin: verifier?.key.name,
      keys: keys.keys,
      verifier: verifier === undefined ? undefined : { key: formatVerifierKey(verifier.key), from: verifier.from },
      checkpoint:
        head === undefined ? undefined : { size: head.checkpoint.size, root: encodeBase64(head.checkpoint.root), note: head.note },
      entries,
      unsigned: Math.max(0, entries - (head?.checkpoint.size ?? 0)),
      retained: this.#retainedCounts,
      removed: events.removed,
      counts: events.counts,
      redacted: disclosures.redacted,
      findings: this.#findings.list,
      omitted: this.#findings.omitted,
    };
  }
}

function placeOf(checkpoint: Retained): Place {
  return checkpoint.from === 'directory' ? { file: 'checkpoints' } : {};
}
