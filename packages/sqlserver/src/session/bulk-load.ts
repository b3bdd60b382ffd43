import { isStatement, type ParseContext } from '@sqlwarden/core';
import { readBulkLoad } from '../protocol/bulk-load.js';
import type { WireMessage } from '../protocol/message-assembler.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { versionLayout, versionOf } from '../protocol/tds-version.js';
import { foldName } from '../sql/names.js';
import { parseUnit } from '../sql/parse.js';
import type { Conversation } from './conversation.js';
import { ExpectedReply, type Work } from './expected-reply.js';
import type { Forwarding } from './forwarding.js';

/** An INSERT BULK that the server has taken: its rows come in the next message ([MS-TDS] section 2.2.6.1 "Bulk Load BCP"). */
export interface AwaitedLoad {
  readonly work: Work;
  readonly clean: boolean;
  /** The columns that it names; absent: it names none. */
  readonly columns: readonly string[] | undefined;
}

/** The columns that an INSERT BULK names, as the model has them. */
export function announcedColumns(text: string, context: ParseContext): readonly string[] | undefined {
  const parsed = parseUnit(text, context);
  const [statement] = parsed.ok ? parsed.unit.statements.filter(isStatement) : [];
  return statement?.kind === 'copy' && statement.what.kind === 'relation' ? statement.what.columns : undefined;
}

/** Sends the rows on; the INSERT BULK that announced them is what they are accounted to. Throws a {@link ProtocolError} where they are no rows, or others. */
export function forwardLoad(to: Forwarding, message: WireMessage, { work, clean, columns }: AwaitedLoad): void {
  const load = readBulkLoad(message.payload, versionLayout(versionOf(to.talk.tdsVersion)));
  const isSame =
    columns === undefined ||
    (load.columns.length === columns.length && load.columns.every(({ name }, at) => name === '' || foldName(name) === columns[at]));
  // The server waits for them, and nothing else can be sent.
  if (!isSame) throw new ProtocolError('invalid-value', 'the rows of a bulk load have other columns than its INSERT BULK named');
  to.pass(message, new ExpectedReply('bulk', [work], clean));
}

/** Other things came than the rows that were announced. */
export function giveUpLoad(talk: Conversation, { work }: AwaitedLoad): void {
  talk.settle(work, 'cancelled');
}
