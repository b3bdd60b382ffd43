/** What the ledger and the thread that keeps its tree say to each other. */

/** The thread's `workerData`: where the tree stood when the log was opened. */
export interface TreeStart {
  readonly directory: string;
  /** The first entry in the write-ahead files. */
  readonly first: number;
  /** Entries under the newest checkpoint: their tiles are there. */
  readonly signed: number;
  /** The next checkpoint is over that many entries, though there may be more. */
  readonly hold: number | undefined;
  /** The write-ahead files, relative to `directory`, with the bytes of their whole frames. */
  readonly files: readonly { readonly path: string; readonly length: number }[];
}

/** - `head`: the tree as it is now
 *  - `write`: its tiles are made and can be read
 *  - `signed`: what was written last is under a checkpoint
 *  - `hold`: what is written next is the tree as it is now, until that is signed
 *  - `settle`: the tiles over the entries before `seq` are on stable storage */
export type TreeQuestion = { readonly kind: 'head' | 'write' | 'signed' | 'hold' } | { readonly kind: 'settle'; readonly seq: number };

export type ToTree =
  /** Whole frames that were written: the tree takes their entries. `isLast`: nothing more comes in that memory, which is then given back. */
  | { readonly kind: 'frames'; readonly memory: SharedArrayBuffer; readonly start: number; readonly end: number; readonly isLast: boolean }
  | { readonly kind: 'question'; readonly id: number; readonly question: TreeQuestion };

/** The size of a tree and its root (RFC 6962 section 2.1). */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

export type FromTree =
  | { readonly kind: 'free'; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'answer'; readonly id: number; readonly head: TreeHead }
  /** `code`: of the system's error, where it was one. */
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly code: string | undefined };
