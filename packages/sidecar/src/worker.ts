import type { Socket } from 'node:net';
import { type Dialect, type Refusal, unreachable } from '@sqlwarden/core';
import {
  type AdminAnswer,
  type AdminRequest,
  answerAdmin,
  type ClientGuard,
  Gateway,
  type TokenAnswer,
  type TokenRequest,
} from '@sqlwarden/runtime';
import { type ClientDoor, openDoors } from './client-door.js';
import { identityOf } from './sidecar.js';
import {
  type Answer,
  type FromWorker,
  keyOf,
  plainKey,
  type Question,
  type ToWorker,
  type WorkerAnswer,
  type WorkerQuestion,
} from './worker-messages.js';

/** How long a worker whose primary has gone may take to end in order. */
const ORPHAN_MS = 5_000;

/**
 * The life of a worker process: a gateway without listeners, whose clients are accepted and counted by the primary process. Ends when the
 * primary says so, and, as fast as it can in order, when the primary is gone.
 */
export function runWorker(dialects: readonly Dialect[]): void {
  // A terminal's Ctrl-C reaches every process of the group: when to end is the primary's decision.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  let worker: Worker | undefined;
  process.on('message', (message: ToWorker, socket?: Socket) => {
    if (message.kind === 'start') worker ??= new Worker(message, dialects);
    else worker?.receive(message, socket);
  });
  process.on('disconnect', () => {
    setTimeout(() => process.exit(1), ORPHAN_MS).unref();
    if (worker === undefined) process.exit(1);
    void worker.stop(0).finally(() => process.exit(1));
  });
}

class Worker {
  readonly #opened: Promise<Gateway>;
  readonly #asked = new Map<number, (answer: WorkerAnswer | undefined) => void>();
  #lastAsked = 0;
  readonly #identities = new Map<number, (refusal: Refusal | undefined) => void>();
  #doors: ReadonlyMap<string, ClientDoor> = new Map();

  constructor({ configFile, worker }: Extract<ToWorker, { kind: 'start' }>, dialects: readonly Dialect[]) {
    this.#opened = this.#open(configFile, worker, dialects);
    this.#opened.catch((error: unknown) => {
      const { name, message } = error as Error;
      send({ kind: 'failed', name, message }, () => process.exit(1));
    });
  }

  receive(message: Exclude<ToWorker, { kind: 'start' }>, socket: Socket | undefined): void {
    switch (message.kind) {
      case 'client':
        return this.#take(message, socket);
      case 'identity-answer':
        this.#identities.get(message.client)?.(message.refusal);
        this.#identities.delete(message.client);
        return;
      case 'others-answer':
        this.#asked.get(message.call)?.(message.answer);
        this.#asked.delete(message.call);
        return;
      case 'question':
        void this.#answer(message.question).then((answer) => send({ kind: 'answer', call: message.call, answer }));
        return;
      case 'used-elsewhere':
        void this.#opened.then((gateway) => gateway.usedElsewhere(message.uses)).catch(() => undefined);
        return;
      case 'stop':
        this.stop(message.drainMs).then(
          () => send({ kind: 'stopped' }, () => process.exit(0)),
          (error: unknown) => send({ kind: 'stopped', problem: (error as Error).message }, () => process.exit(1)),
        );
    }
  }

  async stop(drainMs: number): Promise<void> {
    const gateway = await this.#opened;
    await gateway.close(drainMs);
  }

  async #open(configFile: string, worker: number, dialects: readonly Dialect[]): Promise<Gateway> {
    const gateway = await Gateway.open({
      configFile,
      dialects,
      worker,
      enforcement: 'gateway',
      onTrouble: trouble,
      otherWorkers: {
        cancel: async (upstream, key) => {
          const answer = await this.#askOthers({ about: 'cancel', cancel: { upstream, ...plainKey(key) } });
          return answer?.about === 'cancel' && answer.isCancelled;
        },
        kill: async (kill) => {
          const answer = await this.#askOthers({ about: 'kill', kill });
          return answer?.about === 'kill' && answer.isKilled;
        },
        claimApproval: async (digest) => {
          const answer = await this.#askOthers({ about: 'approval', digest });
          return answer?.about === 'approval' ? answer.approval : undefined;
        },
        tellUses: (uses) => send({ kind: 'used', uses }),
      },
    });
    try {
      this.#doors = new Map(openDoors(gateway, trouble).map((door) => [door.upstream, door]));
      send({ kind: 'started', policy: await gateway.announcePolicy() });
      return gateway;
    } catch (error) {
      await gateway.close();
      throw error;
    }
  }

  #take({ client, upstream, refusal }: Extract<ToWorker, { kind: 'client' }>, socket: Socket | undefined): void {
    const guard: ClientGuard = {
      refusal,
      identified: (principal) =>
        new Promise((resolve) => {
          this.#identities.set(client, resolve);
          send({ kind: 'identified', client, identity: identityOf(principal) });
        }),
      closed: () => {
        this.#identities.get(client)?.(undefined);
        this.#identities.delete(client);
        send({ kind: 'left', client });
      },
    };
    const door = this.#doors.get(upstream);
    if (socket !== undefined && door !== undefined) return door.take(socket, guard);
    // The client went away between the two processes.
    socket?.destroy();
    guard.closed();
  }

  async #answer(question: Question): Promise<Answer> {
    const gateway = await this.#opened;
    switch (question.about) {
      case 'state': {
        const { ready, reasons } = await gateway.health();
        return { about: 'state', state: { ready, reasons, decisions: gateway.decisionCounts, metrics: gateway.metrics } };
      }
      case 'cancel':
        return { about: 'cancel', isCancelled: gateway.cancel(question.cancel.upstream, keyOf(question.cancel)) };
      case 'kill':
        return { about: 'kill', isKilled: gateway.kill(question.kill) };
      case 'approval': {
        const approval = gateway.approvals.giveUp(question.digest);
        return { about: 'approval', ...(approval === undefined ? {} : { approval }) };
      }
      case 'admin':
        return { about: 'admin', answer: await answerForOthers(gateway, question.request) };
      case 'exchange':
        return { about: 'exchange', answer: await exchangeForOthers(gateway, question.request) };
      case 'revocations':
        gateway.revocationsChanged();
        return { about: 'revocations' };
      case 'reload':
        return gateway.reload().then(
          () => ({ about: 'reload' }),
          (error: unknown) => ({ about: 'reload', problem: (error as Error).message }),
        );
      default:
        return unreachable(question);
    }
  }

  #askOthers(question: WorkerQuestion): Promise<WorkerAnswer | undefined> {
    const call = ++this.#lastAsked;
    return new Promise((resolve) => {
      this.#asked.set(call, resolve);
      send({ kind: 'ask-others', call, question });
    });
  }
}

function answerForOthers(gateway: Gateway, request: AdminRequest): Promise<AdminAnswer> {
  return answerAdmin(request, {
    approvals: gateway.approvals,
    sessions: () => gateway.sessions(),
    verify: (token) => gateway.verifyAdmin(token),
    operations: gateway.operations,
    onTrouble: trouble,
  }).catch((error: unknown) => {
    trouble(error as Error);
    return { status: 500, body: { code: 'internal-error', message: 'the request could not be answered; see the log of the gateway' } };
  });
}

function trouble({ name, message }: Error): void {
  send({ kind: 'trouble', name, message });
}

/** Without a primary there is nobody to tell. */
function send(message: FromWorker, sent?: () => void): void {
  if (process.connected && process.send !== undefined) process.send(message, undefined, undefined, () => sent?.());
  else sent?.();
}

async function exchangeForOthers({ tokenEndpoint }: Gateway, request: TokenRequest): Promise<TokenAnswer> {
  const fault = { status: 500, body: { error: 'server_error', error_description: 'see the log of the gateway', code: 'fault' } };
  try {
    return (await tokenEndpoint?.answer(request)) ?? fault;
  } catch (error) {
    trouble(error as Error);
    return fault;
  }
}
