import type { AdminProblem } from './admin-api.js';

/** An answer of the admin interface, before it is bytes. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function adminProblem(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): AdminAnswer {
  return { status, body: { code, message } satisfies AdminProblem, headers };
}
