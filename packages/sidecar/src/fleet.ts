import type { Socket } from 'node:net';
import { type AdminSocket, type ExchangeServer, type GatewayConfig, loadConfig, serveAdmin, serveExchange } from '@sqlwarden/runtime';
import { listenAddress } from './client-door.js';
import { ConnectionLimits } from './connection-limits.js';
import { forwardAdmin } from './forward-admin.js';
import { forwardExchange } from './forward-exchange.js';
import type { HealthState } from './health.js';
import { Listener } from './listener.js';
import { type Announcement, type Listening, pause, type RunningGateway } from './sidecar.js';
import type { FromWorker, PolicyAnnouncement, ToWorker, WorkerAnswer, WorkerQuestion } from './worker-messages.js';
import { WorkerPool } from './worker-pool.js';
import type { WorkerProcess } from './worker-process.js';

export interface FleetOptions {
  /** Path of `sqlwarden.yaml`. */
  readonly configFile: string;
  /** The module of the worker processes: it calls `runWorker` with the dialects. */
  readonly workerEntry: URL;
  /** What an operator must hear of; never a statement, a value or a token. */
  readonly onTrouble: (error: Error) => void;
}

interface Waiting {
  readonly socket: Socket;
  readonly message: Extract<ToWorker, { kind: 'client' }>;
  readonly timer: NodeJS.Timeout;
}

/**
 * The gateway in several processes: this one, the primary, accepts and counts clients and hands each to the worker that has the fewest; it
 * reads none of their bytes. Workers that end are started again.
 */
export class Fleet implements RunningGateway {
  readonly config: GatewayConfig;
  readonly #options: FleetOptions;
  readonly #limits: ConnectionLimits;
  readonly #pool: WorkerPool;
  readonly #listeners: Listener[] = [];
  /** Clients that have come while no worker was there. */
  readonly #waiting = new Set<Waiting>();
  readonly #hurry = new AbortController();
  #admin: AdminSocket | undefined;
  #exchange: ExchangeServer | undefined;
  #announcement: Announcement | undefined;
  #stopping: Promise<void> | undefined;

  /** Starts everything or nothing. Rejects with an error that says what to do. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options, loadConfig(options.configFile));
    try {
      await fleet.#start();
      return fleet;
    } catch (error) {
      await fleet.stop(0).catch(() => undefined);
      throw error;
    }
  }

  private constructor(options: FleetOptions, config: GatewayConfig) {
    this.config = config;
    this.#options = options;
    this.#limits = new ConnectionLimits(config.limits);
    this.#pool = new WorkerPool({
      size: config.workers,
      entry: options.workerEntry,
      configFile: options.configFile,
      onTrouble: options.onTrouble,
      onMessage: (worker, message) => this.#receive(worker, message),
      onServing: () => this.#giveWaiting(),
      onGone: (worker) => {
        for (const client of worker.clients) this.#limits.left(client);
      },
    });
  }

  get announcement(): Announcement {
    if (this.#announcement === undefined) throw new Error('the gateway has not started');
    return this.#announcement;
  }

  get connectionCount(): number {
    return this.#limits.size;
  }

  async health(): Promise<HealthState> {
    const state = await this.#pool.state();
    const { perListener, turnedAway } = this.#limits;
    const stopping = this.#stopping !== undefined;
    return {
      ...state,
      ready: state.ready && !stopping,
      reasons: stopping ? ['the gateway is shutting down'] : state.reasons,
      connections: this.#limits.size,
      listeners: perListener,
      turnedAway,
    };
  }

  async reload(): Promise<void> {
    const answers = await Promise.all(this.#pool.serving.map((worker) => worker.ask({ about: 'reload' })));
    const problem = answers.flatMap((answer) => (answer?.about === 'reload' ? (answer.problem ?? []) : ['a worker does not answer']))[0];
    if (problem !== undefined) throw new Error(problem);
  }

  stop(drainMs: number): Promise<void> {
    if (drainMs === 0) {
      this.#hurry.abort();
      if (this.#stopping !== undefined) this.#pool.hurry();
    }
    this.#stopping ??= this.#stop(drainMs);
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const policy = await this.#pool.start();
    const listening = await this.#listen();
    const { admin, exchange } = this.config;
    if (admin !== undefined) {
      this.#admin = await serveAdmin({
        path: admin.socket,
        answer: (request) => forwardAdmin(request, this.#pool.serving),
        onTrouble: this.#options.onTrouble,
      });
    }
    if (exchange !== undefined) {
      this.#exchange = await serveExchange({
        gateway: this.config,
        config: exchange,
        answer: (request) => forwardExchange(request, this.#pool.serving),
        onTrouble: this.#options.onTrouble,
      });
    }
    this.#announcement = { ...announce(listening, policy, this.config), exchange: this.#exchange?.address };
  }

  async #listen(): Promise<Listening[]> {
    const listening: Listening[] = [];
    for (const upstream of this.config.upstreams) {
      const address = listenAddress(upstream);
      if (address === undefined) continue;
      const onClient = (socket: Socket): void => this.#accept(upstream.name, socket);
      const listener = new Listener({ address, paused: true, onClient, onTrouble: this.#options.onTrouble });
      this.#listeners.push(listener);
      listening.push({ upstream: upstream.name, tls: upstream.clientTls !== undefined, address: await listener.listen() });
    }
    return listening;
  }

  #accept(upstream: string, socket: Socket): void {
    // What happens to it before it is handed over is of no interest to anybody.
    socket.on('error', () => undefined);
    const entered = this.#limits.enter(upstream);
    if (entered.kind === 'drop') {
      socket.destroy();
      return;
    }
    const { client, refusal } = entered;
    this.#give(socket, { kind: 'client', client, upstream, ...(refusal === undefined ? {} : { refusal }) });
  }

  #give(socket: Socket, message: Extract<ToWorker, { kind: 'client' }>): void {
    const worker = this.#pool.idlest();
    if (worker !== undefined) {
      worker.give(socket, message);
      return;
    }
    const waiting: Waiting = {
      socket,
      message,
      timer: setTimeout(() => {
        this.#waiting.delete(waiting);
        this.#turnAway(waiting);
      }, this.config.limits.loginTimeoutMs),
    };
    this.#waiting.add(waiting);
  }

  #giveWaiting(): void {
    for (const waiting of this.#waiting) {
      clearTimeout(waiting.timer);
      this.#waiting.delete(waiting);
      this.#give(waiting.socket, waiting.message);
    }
  }

  #turnAway({ socket, message, timer }: Waiting): void {
    clearTimeout(timer);
    socket.destroy();
    this.#limits.left(message.client);
  }

  #receive(worker: WorkerProcess, message: FromWorker): void {
    switch (message.kind) {
      case 'identified': {
        const refusal = this.#limits.identified(message.client, message.identity);
        worker.send({ kind: 'identity-answer', client: message.client, ...(refusal === undefined ? {} : { refusal }) });
        return;
      }
      case 'left':
        worker.clients.delete(message.client);
        this.#limits.left(message.client);
        return;
      case 'used':
        for (const other of this.#pool.serving) if (other !== worker) other.send({ kind: 'used-elsewhere', uses: message.uses });
        return;
      case 'ask-others':
        void this.#askOthers(worker, message.question).then((answer) =>
          worker.send({ kind: 'others-answer', call: message.call, ...(answer === undefined ? {} : { answer }) }),
        );
        return;
      case 'trouble': {
        const error = new Error(`${worker.name}: ${message.message}`);
        error.name = message.name;
        this.#options.onTrouble(error);
        return;
      }
      case 'started':
      case 'failed':
      case 'answer':
      case 'stopped':
        // Heard by the worker's own process object.
        return;
    }
  }

  /** The first other worker that can help; `undefined` when none can. One after another, because only one of them may give something up. */
  async #askOthers(worker: WorkerProcess, question: WorkerQuestion): Promise<WorkerAnswer | undefined> {
    for (const other of this.#pool.serving) {
      if (other === worker) continue;
      const answer = await other.ask(question);
      if (answer?.about === 'cancel' && answer.isCancelled) return answer;
      if (answer?.about === 'kill' && answer.isKilled) return answer;
      if (answer?.about === 'approval' && answer.approval !== undefined) return answer;
    }
    return undefined;
  }

  async #stop(drainMs: number): Promise<void> {
    await pause(this.config.drain.delayMs, this.#hurry.signal);
    for (const listener of this.#listeners) listener.stop();
    await this.#exchange?.close();
    for (const waiting of this.#waiting) this.#turnAway(waiting);
    this.#waiting.clear();
    try {
      await this.#pool.stop(this.#hurry.signal.aborted ? 0 : drainMs);
    } finally {
      await this.#admin?.close();
    }
  }
}

function announce(listening: readonly Listening[], policy: PolicyAnnouncement, config: GatewayConfig): Omit<Announcement, 'exchange'> {
  return { listening, policy, adminSocket: config.admin?.socket, workers: config.workers };
}
