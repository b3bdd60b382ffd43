const LIMIT_MS = 20_000;
const PAUSE_MS = 25;

/** Resolves when the condition holds; rejects when it does not come to that in twenty seconds. What takes its time elsewhere is waited for, never slept for. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it did not come to that in ${LIMIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
