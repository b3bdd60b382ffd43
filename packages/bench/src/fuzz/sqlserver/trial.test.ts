import { describe, expect, it } from '@jest/globals';
import { type Input, inputFromJson, inputToJson } from '../input.js';
import type { Leave } from '../model-host.js';
import { ForwardCheck } from './forward-check.js';
import { PacketStream } from './packets.js';
import * as client from './requests.js';
import { PROCEDURES, readRequest, VARIANT } from './requests.js';
import { sqlserverTarget } from './sqlserver-target.js';

describe('the fuzzer of the SQL Server session', () => {
  it.each(['client', 'server'] as const)('finds nothing wrong with its seeds (%s)', (direction) => {
    for (const input of sqlserverTarget.seeds())
      expect(sqlserverTarget.play({ ...input, pieces: 77, pace: 2 }, direction).wrong).toBeUndefined();
  });

  it('finds nothing wrong when its server says more than it was asked', () => {
    for (const input of sqlserverTarget.seeds())
      expect(sqlserverTarget.play({ ...input, answersRefused: true }, 'server').wrong).toBeUndefined();
  });

  it('finds nothing wrong when the bytes of the client are cut at every place', () => {
    const [first] = sqlserverTarget.seeds();
    for (let seed = 2; seed < 40; seed += 1)
      expect(sqlserverTarget.play({ ...(first as Input), pieces: seed }, 'client').wrong).toBeUndefined();
  });

  it('plays an input from its file as it played the input', () => {
    const input: Input = { ...(sqlserverTarget.seeds()[4] as Input), edits: [{ at: 3, operation: 'set-length', a: 3, b: 1 }], pieces: 77 };
    const again = inputFromJson(inputToJson(input));
    expect(sqlserverTarget.play(again, 'client')).toEqual(sqlserverTarget.play(input, 'client'));
  });
});

describe('the judgement of what is forwarded', () => {
  /** What is wrong with forwarding `forwarded` when the host gave these leaves. `statement`: what the handle 1 stands for. */
  function judge(forwarded: readonly Buffer[], leaves: Leave[] = [], statement = 'select @p'): string | undefined {
    let wrong: string | undefined;
    const check = new ForwardCheck(
      leaves,
      (what) => {
        wrong ??= what;
      },
      () => 'the probe',
    );
    const packets = new PacketStream().push(Buffer.concat(forwarded));
    const request = readRequest(packets[0]?.type ?? 0, Buffer.concat(packets.map(({ body }) => body)), 0);
    if (request === undefined || request === 'unjudged') return 'unreadable';
    check.takes(request, () => statement);
    return wrong;
  }
  const leave = (phase: Leave['phase'], text: string, values: Leave['values'] = []): Leave => ({ phase, text, values });
  const batch = (text: string): Buffer[] => client.batch(0, text);
  const execute = (value: number): Buffer[] => client.rpc(0, PROCEDURES.execute, [1, value]);
  const seven = [Buffer.from([7, 0, 0, 0])];
  const prepexec = client.rpc(0, PROCEDURES.prepexec, [{ out: true }, '', 'select 1']);

  it.each([
    ['a batch that was admitted', batch('select 1'), [leave('query', 'select 1')]],
    ['the probe of the gateway', batch('the probe'), []],
    ['an execute of values that had leave', execute(7), [leave('bind', 'select @p', seven), leave('execute', 'select @p', seven)]],
    ['a long text in pieces', client.executesql(0, { long: 'select 1' }), [leave('query', 'select 1')]],
    ['a procedure by its name', client.rpc(0, 'sp_executesql', ['select 1']), [leave('query', 'select 1')]],
    ['what prepares and executes', prepexec, [leave('prepare', 'select 1'), leave('bind', 'select 1'), leave('execute', 'select 1')]],
    ['a transaction', client.transaction(0, 'begin'), [leave('query', 'BEGIN TRANSACTION')]],
  ])('lets pass %s', (_, forwarded, leaves) => {
    expect(judge(forwarded, leaves)).toBeUndefined();
  });

  it.each([
    ['a batch without leave', batch('select 1'), []],
    ['a batch with leave for another text', batch('select 1'), [leave('query', 'select 2')]],
    ['a batch with leave for another phase', batch('select 1'), [leave('prepare', 'select 1')]],
    ['an execute of other values', execute(8), [leave('bind', 'select @p', seven), leave('execute', 'select @p', seven)]],
    ['an execute with leave to bind only', execute(7), [leave('bind', 'select @p', seven)]],
    ['what prepares and executes with leave to prepare only', prepexec, [leave('prepare', 'select 1')]],
    ['a fetch without leave', client.rpc(0, PROCEDURES.cursorfetch, [1, 2, 0, 3]), []],
    ['a transaction of others', client.transaction(0, 'promote'), [leave('query', 'BEGIN TRANSACTION')]],
    [
      'a second call of a message without leave',
      client.rpcs(0, [
        [PROCEDURES.executesql, ['select 1']],
        [PROCEDURES.executesql, ['select 2']],
      ]),
      [leave('query', 'select 1')],
    ],
    ['a procedure by its name without leave', client.rpc(0, 'sys.sp_executesql', ['select 1']), []],
    ['a bulk load', [Buffer.from([7, 1, 0, 8, 0, 0, 1, 0])], []],
  ])('finds %s', (_, forwarded, leaves) => {
    expect(judge(forwarded, leaves)).toBeDefined();
  });

  it('lets one leave serve once', () => {
    const leaves = [leave('query', 'select 1')];
    expect(judge(batch('select 1'), leaves)).toBeUndefined();
    expect(judge(batch('select 1'), leaves)).toContain('no leave');
  });

  it('reads requests of TDS 7.1, which have no headers', () => {
    const [packet] = new PacketStream().push(Buffer.concat(client.batch(VARIANT.tds71, 'select 1')));
    expect(readRequest(1, packet?.body ?? Buffer.alloc(0), VARIANT.tds71)).toEqual({ kind: 'batch', text: 'select 1' });
    expect(readRequest(1, packet?.body ?? Buffer.alloc(0), 0)).toBeUndefined();
  });
});
