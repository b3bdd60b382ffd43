import {
  type CatalogueChange,
  type CatalogueQuery,
  type CellType,
  type CompiledPolicy,
  type Dialect,
  type ParseText,
  type PinnedSettings,
  type Principal,
  type ProtectionMap,
  type ReadCatalogue,
  type ReadCatalogueOptions,
  type ResolvedCatalogue,
  type ResultColumn,
  type ServerLogin,
  diffCatalogues,
  protectionFor,
} from '@sqlwarden/core';
import type { CrossCheck } from '../cross-check/cross-check.js';
import type { ClientRules } from '../login/client-identity.js';
import type { PasswordSource } from '../login/password-source.js';
import { type ClaimedUser, type ClientAccount, serverUser } from '../login/server-user.js';
import type { SessionLogin, SessionLogins } from '../login/session-login.js';
import type { ParsePool } from '../parse-pool.js';
import { ControlConnection, ControlConnectionError } from '../transport/control-connection.js';
import type { ServerTarget } from '../transport/server-socket.js';
import { DecisionCache, DecisionCounter } from './decision.js';

export interface UpstreamOptions {
  readonly name: string;
  readonly dialect: Dialect;
  readonly target: ServerTarget;
  /** Without the password where `password` has it. */
  readonly login: ServerLogin;
  readonly password?: PasswordSource;
  /** Who the sessions of clients are on the server; default: whom `login` says. */
  readonly sessions?: SessionLogins;
  /** How its clients may prove who they are; default: by token. */
  readonly clients?: ClientRules;
  readonly parser: ParsePool;
  /** Asked before a unit is let through, when the configuration says so. */
  readonly crossCheck?: CrossCheck;
  readonly policy: CompiledPolicy;
  /** How old the last look at the schema may be when a statement is judged. */
  readonly maxAgeMs: number;
  readonly now: () => number;
  readonly onSchemaChange: (upstream: Upstream, change: { readonly version: number; readonly changes: readonly CatalogueChange[] }) => void;
}

const NOTHING_PINNED: PinnedSettings = new Set();
const BY_TOKEN: ClientRules = { proofs: ['token'], requireCertificate: false, certificates: [] };
const MAX_LOOKS = 4;
const DECISIONS = { maxTexts: 20_000, maxCharacters: 64 * 1024 * 1024 };
const OWN_DECISIONS = { maxTexts: 500, maxCharacters: 1024 * 1024 };
/** A schema of which a part was locked is read again after that long: reading waits for the lock, and everybody for the reading. */
const READ_AGAIN_MS = 2_000;

/** The schema as it was last seen and what policy protects in it. */
export interface Snapshot {
  readonly epoch: number;
  readonly resolved: ResolvedCatalogue;
  readonly protection: ProtectionMap;
  /** What was decided for it. */
  readonly decisions: DecisionCache;
}

/**
 * One database behind the gateway: its schema, looked at again before a decision whenever the last look is too old or something may have
 * changed it, and the decisions that hold for that schema.
 */
export class Upstream {
  readonly name: string;
  readonly options: UpstreamOptions;
  readonly decisionCounts = new DecisionCounter();
  /** Looks at the schema, and those that found something else. Only ever go up. */
  readonly catalogueCounts = { looks: 0, readings: 0 };
  readonly #readCatalogue: ReadCatalogue;
  #control: ControlConnection | undefined;
  #snapshot: Snapshot | undefined;
  #fingerprint = '';
  #checkedAt = Number.NEGATIVE_INFINITY;
  #readAt = Number.NEGATIVE_INFINITY;
  /** The connection is another one than that of the last look: another server may have taken over. */
  #isNewControl = true;
  /** Changes that were reported, and those of them that the last look came after. */
  #suspicions = 1;
  #cleared = 0;
  #checking: Promise<Snapshot> | undefined;
  #version = 0;
  #epoch = 0;
  /** Goes down: never that of a committed schema. */
  #ownEpoch = -1;
  #closed = false;
  #policy: CompiledPolicy;

  constructor(options: UpstreamOptions) {
    this.name = options.name;
    this.options = options;
    this.#policy = options.policy;
    this.#readCatalogue = options.dialect.createCatalogueReader({ setters: this.pinned.size > 0 });
  }

  /** The type behind a result column, by the schema that was last seen. */
  cellType(column: ResultColumn): CellType {
    return this.options.dialect.cellType(column, this.#snapshot?.resolved);
  }

  /** Transactions hold no changes of the schema: others see each at once. */
  get isSchemaShared(): boolean {
    return this.options.dialect.commitsSchemaChanges === true;
  }

  /** The server's version in its own words, when the schema was last seen. */
  get versionText(): string | undefined {
    return this.#snapshot?.resolved.catalogue.versionText;
  }

  /** The schema, if the last look at it is good enough for a decision now. */
  current(): Snapshot | undefined {
    const age = this.options.now() - this.#checkedAt;
    if (this.#cleared !== this.#suspicions || age > this.options.maxAgeMs) return undefined;
    // Whoever asks while there is time looks ahead for those who come when there is none. A failure shows when the look is needed.
    if (age > this.options.maxAgeMs / 2 && this.#checking === undefined) this.#startChecking().catch(() => undefined);
    return this.#snapshot;
  }

  #startChecking(): Promise<Snapshot> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  /** The schema after a look at it. Rejects with a `ControlConnectionError` when the server cannot be asked. */
  async fresh(): Promise<Snapshot> {
    for (let attempt = 0; ; attempt++) {
      const current = this.current();
      if (current !== undefined) return current;
      const seen = await this.#startChecking();
      // A look that was already under way when a change was reported does not count; a schema that never rests is taken as last seen.
      if (attempt >= MAX_LOOKS) return seen;
    }
  }

  /** Another policy holds: it protects the schema that is known, and nothing that was decided holds any more. */
  enforce(policy: CompiledPolicy): void {
    this.#policy = policy;
    if (this.#snapshot !== undefined) this.#snapshot = this.#newSnapshot(this.#snapshot.resolved);
  }

  #newSnapshot(resolved: ResolvedCatalogue): Snapshot {
    return { epoch: ++this.#epoch, resolved, protection: this.#protect(resolved), decisions: new DecisionCache(DECISIONS) };
  }

  /** Something may have changed the committed schema: the next decision looks again. */
  suspect(): void {
    this.#suspicions += 1;
  }

  /** The rules for a schema that only one session sees; its epoch is nobody else's. */
  snapshotOf(resolved: ResolvedCatalogue): Snapshot {
    return { epoch: --this.#ownEpoch, resolved, protection: this.#protect(resolved), decisions: new DecisionCache(OWN_DECISIONS) };
  }

  /** The catalogue as a session sees it on `query`: `isLike`, or that of `committed`, where nothing is different from it. */
  async readOwnCatalogue(
    query: CatalogueQuery,
    isLike: ResolvedCatalogue,
    committed: Snapshot,
    transaction: Pick<ReadCatalogueOptions, 'isInTransaction' | 'isOlder'>,
  ): Promise<ResolvedCatalogue> {
    const { catalogueFingerprintSql } = this.options.dialect;
    if (catalogueFingerprintSql !== undefined && this.#fingerprint !== '' && committed === this.#snapshot) {
      const rows = await query(catalogueFingerprintSql);
      if (rows[0]?.[0] === this.#fingerprint) return committed.resolved;
    }
    const whole = this.#isNewControl || this.#control?.failed !== false;
    return this.#read(query, { from: isLike, whole, ...transaction });
  }

  async #read(query: CatalogueQuery, options: ReadCatalogueOptions): Promise<ResolvedCatalogue> {
    const parse: ParseText = (text, context) => this.options.parser.parse(text, context);
    const resolved = await this.#readCatalogue(query, ++this.#version, parse, options);
    if (resolved !== options.from) this.catalogueCounts.readings += 1;
    return resolved;
  }

  get clients(): ClientRules {
    return this.options.clients ?? BY_TOKEN;
  }

  /** What clients must not change in their sessions. */
  get pinned(): PinnedSettings {
    return this.options.sessions?.pinned ?? NOTHING_PINNED;
  }

  /** How the session of a client logs in. Rejects when a password cannot be had. */
  async sessionLogin(principal: Principal, client?: ClientAccount): Promise<SessionLogin> {
    return this.options.sessions?.loginFor(principal, client) ?? { ok: true, login: await this.serverLogin() };
  }

  /** Clients give the name and password of a user of the server, which says who they are. */
  get hasOwnUsers(): boolean {
    return this.options.sessions?.ownUsers !== undefined;
  }

  /** Who would log in with that name and password. Rejects when the server cannot be asked for its groups. */
  async claimed(account: ClientAccount): Promise<ClaimedUser> {
    const control = this.#liveControl();
    const groups = await this.options.dialect.readMemberships((sql) => control.query(sql), account.user);
    return { account, principal: serverUser(this.name, this.options.sessions?.ownUsers ?? 'person', account.user, groups) };
  }

  /** Equal for principals whose sessions are the same to the server. */
  sessionKey(principal: Principal): string {
    return this.options.sessions?.key(principal) ?? '';
  }

  /** The server did not take what {@link sessionLogin} gave last for the principal. */
  sessionRefused(principal: Principal): void {
    if (this.options.sessions === undefined) this.loginRefused();
    else this.options.sessions.rejected(principal);
  }

  /** How to log in now; the password may be another one each time. Rejects when it cannot be had. */
  async serverLogin(): Promise<ServerLogin> {
    const { login, password } = this.options;
    return password === undefined ? login : { ...login, password: await password.current() };
  }

  /** The server let nobody in with what {@link serverLogin} gave last. */
  loginRefused(): void {
    this.options.password?.rejected();
  }

  close(): void {
    this.#closed = true;
    this.#control?.close();
    this.#control = undefined;
  }

  async #check(): Promise<Snapshot> {
    // INVARIANT: what was reported before the look is not done with until its end; what is reported meanwhile makes another look necessary.
    const suspicions = this.#suspicions;
    const startedAt = this.options.now();
    try {
      const snapshot = await this.#look();
      this.#checkedAt = startedAt;
      this.#cleared = suspicions;
      return snapshot;
    } catch (error) {
      this.suspect();
      throw error;
    }
  }

  async #look(): Promise<Snapshot> {
    this.catalogueCounts.looks += 1;
    const control = this.#liveControl();
    control.ref();
    try {
      const query: CatalogueQuery = (sql) => control.query(sql);
      const { catalogueFingerprintSql } = this.options.dialect;
      const [row] = catalogueFingerprintSql === undefined ? [] : await query(catalogueFingerprintSql);
      const fingerprint = row?.[0] ?? '';
      const before = this.#snapshot;
      const mustReadAgain = before !== undefined && this.#mustReadAgain(before);
      if (before !== undefined && fingerprint === this.#fingerprint && fingerprint !== '' && !mustReadAgain) return before;
      const resolved = await this.#read(query, { ...(before && { from: before.resolved }), whole: mustReadAgain || this.#isNewControl });
      this.#isNewControl = false;
      this.#fingerprint = fingerprint;
      // Another policy may have come meanwhile.
      if (this.#snapshot !== undefined && this.#snapshot.resolved === resolved) return this.#snapshot;
      const snapshot = this.#newSnapshot(resolved);
      this.#snapshot = snapshot;
      this.#readAt = this.options.now();
      if (before !== undefined) this.#report(before.resolved, resolved);
      return snapshot;
    } finally {
      control.unref();
    }
  }

  #mustReadAgain({ resolved }: Snapshot): boolean {
    return resolved.isIncomplete === true && this.options.now() - this.#readAt >= READ_AGAIN_MS;
  }

  #report(before: ResolvedCatalogue, after: ResolvedCatalogue): void {
    const changes = diffCatalogues(before.catalogue, after.catalogue);
    if (changes.length > 0) this.options.onSchemaChange(this, { version: after.catalogue.version, changes });
  }

  #protect(resolved: ResolvedCatalogue): ProtectionMap {
    const { dialect, name } = this.options;
    return protectionFor(this.#policy, name, resolved.catalogue, (relation, documents) =>
      dialect.relationOutputs(resolved, relation, documents),
    );
  }

  #liveControl(): ControlConnection {
    if (this.#control !== undefined && !this.#control.failed) return this.#control;
    if (this.#closed) throw new Error('the gateway is shutting down');
    const { dialect, target } = this.options;
    const control = new ControlConnection(dialect, target, this.serverLogin());
    control.ready().catch((error: unknown) => {
      if (error instanceof ControlConnectionError && error.refused) this.loginRefused();
    });
    this.#control = control;
    this.#isNewControl = true;
    return control;
  }
}
