/**
 * What the key of a log signs to name its successor. No checkpoint reads like it: its second line is a name, not a size, and it has four lines.
 * `origin` is the log's; the keys are verifier keys (signed-note, "Verifier keys").
 */
export function rotationText(origin: string, previous: string, next: string): string {
  return `sqlwarden/key-rotation/v1\n${origin}\n${previous}\n${next}\n`;
}
