import { type Command, defineCommand, JSON_OPTION } from '../command.js';
import { EXIT } from '../failure.js';
import { ADMIN_OPTIONS, adminClient, approverToken, printRequest, TOKEN_OPTIONS } from './admin.js';

export const approve = decideCommand('approve', 'let a held statement run, once', 'approved');
export const reject = decideCommand('reject', 'refuse a held statement for good', 'rejected');

function decideCommand(decision: 'approve' | 'reject', summary: string, done: string): Command {
  return defineCommand({
    name: decision,
    summary,
    positionals: ['<id>'],
    details: [
      'Who asked, whoever acts for them, and agents cannot decide. The decision and the proof of who made it are kept in the ledger.',
    ],
    options: {
      ...ADMIN_OPTIONS,
      ...TOKEN_OPTIONS,
      comment: { type: 'text', value: '<text>', help: 'why; kept in the ledger' },
      digest: { type: 'text', value: '<hex>', help: 'only if the request still has the digest that pending --json showed' },
      ...JSON_OPTION,
    },
    async run({ options, positionals: [id = ''], out }) {
      const token = approverToken(options['token-file']);
      const client = adminClient(options);
      // What is shown is what is decided: the digest of this very request goes with the decision.
      const request = await client.request(id);
      if (!options.json) printRequest(request, Date.now(), out);
      const { comment } = options;
      const decided = await client.decide(
        id,
        { decision, digest: options.digest ?? request.digest, ...(comment === undefined ? {} : { comment }) },
        token,
      );
      if (options.json) out.line(JSON.stringify(decided, undefined, 2));
      else if (decided.state === 'pending')
        out.line(`${done}; ${decided.people - decided.decisions.length} more of ${decided.people} people must approve`);
      else out.line(out.style(decision === 'approve' ? 'green' : 'red', done));
      return EXIT.ok;
    },
  });
}
