import { describe, expect, it } from '@jest/globals';
import * as client from './client-frames.js';
import { readClientFrame } from './client-frames.js';
import { ForwardCheck } from './forward-check.js';
import { FrameStream, startupMessage, typed } from './frames.js';
import type { Input } from './input.js';
import { inputFromJson, inputToJson } from './input.js';
import { minimise } from './minimise.js';
import type { Leave } from './model-host.js';
import { postgresTarget } from './postgres-target.js';
import { seedInputs } from './seeds.js';

describe('the fuzzer of the PostgreSQL session', () => {
  it.each(['client', 'server'] as const)('finds nothing wrong with its seeds (%s)', (direction) => {
    for (const input of seedInputs()) expect(postgresTarget.play(input, direction).wrong).toBeUndefined();
  });

  it('plays an input from its file as it played the input', () => {
    const input: Input = { ...(seedInputs()[4] as Input), edits: [{ at: 3, operation: 'set-length', a: 3, b: 1 }], pieces: 77 };
    const again = inputFromJson(inputToJson(input));
    expect(postgresTarget.play(again, 'client')).toEqual(postgresTarget.play(input, 'client'));
  });

  it('makes a wrong input small', () => {
    const guilty = client.query('select 7');
    const program = [
      ...seedInputs()
        .flatMap((input) => input.program)
        .slice(0, 50),
      guilty,
      client.sync(),
    ];
    const small = minimise({ ...(seedInputs()[0] as Input), program, pace: 4 }, (input) => input.program.includes(guilty));
    expect(small.program).toEqual([guilty]);
    expect(small.pace).toBe(0);
  });
});

describe('the judgement of what is forwarded', () => {
  /** What is wrong with forwarding `forwarded` when the client sent `sent` and the host gave these leaves. */
  function judge(sent: readonly Buffer[], forwarded: Buffer, leaves: Leave[] = []): string | undefined {
    let wrong: string | undefined;
    const check = new ForwardCheck(leaves, (what) => {
      wrong ??= what;
    });
    check.clientSent(Buffer.concat([startupMessage({ user: 'ada' }), ...sent]));
    const [frame] = new FrameStream(false).push(forwarded);
    const message = frame === undefined ? undefined : readClientFrame(frame);
    if (frame === undefined || message === undefined) return 'unreadable';
    check.takes(frame, message);
    return wrong;
  }
  const leave = (phase: Leave['phase'], text: string): Leave => ({ phase, text, values: [] });

  it('lets a query pass that was sent and admitted', () => {
    expect(judge([client.query('select 1')], client.query('select 1'), [leave('query', 'select 1')])).toBeUndefined();
  });

  it.each([
    ['a query without leave', [client.query('select 1')], client.query('select 1'), []],
    ['a query with leave for another text', [client.query('select 1')], client.query('select 1'), [leave('query', 'select 2')]],
    ['a query with leave for another phase', [client.query('select 1')], client.query('select 1'), [leave('prepare', 'select 1')]],
    ['a query that nobody sent', [client.sync()], client.query('select 1'), [leave('query', 'select 1')]],
    ['a CopyData that nobody sent', [client.sync()], client.copyData('x'), []],
    ['a Bind of other bytes', [client.bind('', '', ['a'])], client.bind('', '', ['b']), []],
    ['a FunctionCall', [typed('F', Buffer.alloc(10))], typed('F', Buffer.alloc(10)), []],
    ['bytes behind a text', [typed('Q', Buffer.from('a\0b\0'))], typed('Q', Buffer.from('a\0b\0')), [leave('query', 'a')]],
  ])('finds %s', (_, sent, forwarded, leaves) => {
    expect(judge(sent, forwarded, leaves)).toBeDefined();
  });

  it('lets one leave serve once', () => {
    const leaves = [leave('query', 'select 1')];
    const sent = [client.query('select 1'), client.query('select 1')];
    expect(judge(sent, client.query('select 1'), leaves)).toBeUndefined();
    expect(judge(sent, client.query('select 1'), leaves)).toContain('no leave');
  });
});
