/** A server or client that a test needs: where it is on this machine, or why it cannot be used. `name` is what a person calls it. */
export type Finding =
  | { readonly found: true; readonly name: string; readonly path: string; readonly version: string }
  | {
      readonly found: false;
      readonly name: string;
      readonly reason: string;
      /** Its tests are skipped even where nothing else may be, because it cannot be had everywhere. */
      readonly optional?: true;
    };
