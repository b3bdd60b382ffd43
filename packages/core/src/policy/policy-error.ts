/** Something wrong in a policy that its schema cannot see, and where. */
export interface PolicyProblem {
  /** Position in the list of documents. */
  readonly document: number;
  /** Keys and positions from the top of the document to what is wrong. */
  readonly path: readonly (string | number)[];
  /** What is wrong and what to write instead; lower case, no full stop. */
  readonly message: string;
}

/** The documents do not make a policy. `problems` are all that were found, in document order. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly code = 'policy-invalid';
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    super(`the policy cannot be used: ${problems.map((problem) => problem.message).join('; ')}`);
    this.problems = problems;
  }
}

/** Collects what is wrong with one place of one document, and goes on. */
export interface ProblemSink {
  add(path: readonly (string | number)[], message: string): void;
  /** Runs `action`; an error it throws becomes a problem at `path`, and `undefined` is returned. */
  attempt<T>(path: readonly (string | number)[], action: () => T): T | undefined;
}

/** A sink that adds to `problems` in the name of one document. */
export function problemSink(problems: PolicyProblem[], document: number): ProblemSink {
  const add = (path: readonly (string | number)[], message: string): void => void problems.push({ document, path, message });
  return {
    add,
    attempt(path, action) {
      try {
        return action();
      } catch (error) {
        add(path, error instanceof Error ? error.message : 'cannot be understood');
        return undefined;
      }
    },
  };
}
