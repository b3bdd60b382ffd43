import { describe, expect, it } from '@jest/globals';
import { inputFromJson, inputToJson, type Input } from '../input.js';
import type { Leave } from '../model-host.js';
import * as client from './client-packets.js';
import { readCommand, VARIANT } from './client-packets.js';
import { ForwardCheck } from './forward-check.js';
import { mysqlTarget } from './mysql-target.js';
import { PacketStream } from './packets.js';

describe('the fuzzer of the MySQL session', () => {
  it.each(['client', 'server'] as const)('finds nothing wrong with its seeds (%s)', (direction) => {
    for (const input of mysqlTarget.seeds()) expect(mysqlTarget.play({ ...input, pieces: 77, pace: 2 }, direction).wrong).toBeUndefined();
  });

  it('finds nothing wrong when its server says more than it was asked', () => {
    for (const input of mysqlTarget.seeds()) expect(mysqlTarget.play({ ...input, answersRefused: true }, 'server').wrong).toBeUndefined();
  });

  it('finds nothing wrong when the bytes of the client are cut at every place', () => {
    const [first] = mysqlTarget.seeds();
    for (let seed = 2; seed < 40; seed += 1)
      expect(mysqlTarget.play({ ...(first as Input), pieces: seed }, 'client').wrong).toBeUndefined();
  });

  it('plays an input from its file as it played the input', () => {
    const input: Input = { ...(mysqlTarget.seeds()[4] as Input), edits: [{ at: 3, operation: 'set-length', a: 3, b: 1 }], pieces: 77 };
    const again = inputFromJson(inputToJson(input));
    expect(mysqlTarget.play(again, 'client')).toEqual(mysqlTarget.play(input, 'client'));
  });
});

describe('the judgement of what is forwarded', () => {
  /** What is wrong with forwarding `forwarded` when the client sent `sent` and the host gave these leaves. `statement`: what id 1 stands for. */
  function judge(sent: readonly Buffer[], forwarded: Buffer, leaves: Leave[] = [], statement = 'select ?'): string | undefined {
    let wrong: string | undefined;
    const check = new ForwardCheck(
      leaves,
      (what) => {
        wrong ??= what;
      },
      () => 'the probe',
    );
    check.clientSent(Buffer.concat(sent));
    const [packet] = new PacketStream().push(forwarded);
    const command = packet && readCommand(packet, 0, () => ({ parameters: 1, types: undefined, longData: new Map() }));
    if (packet === undefined || command === undefined) return 'unreadable';
    check.takes(packet, command, statement);
    return wrong;
  }
  const leave = (phase: Leave['phase'], text: string, values: Leave['values'] = []): Leave => ({ phase, text, values });
  const query = (text: string): Buffer => client.query(text, false);
  const execute = (value: string): Buffer => client.execute(1, [value], { attributes: false });
  const values = [Buffer.from('a')];

  it.each([
    ['a query that was sent and admitted', [query('select 1')], query('select 1'), [leave('query', 'select 1')]],
    ['the probe of the gateway', [], query('the probe'), []],
    ['a database that was asked for', [client.initDb('a`b')], client.initDb('a`b'), [leave('query', 'USE `a``b`')]],
    ['an execute of values that had leave', [], execute('a'), [leave('bind', 'select ?', values), leave('execute', 'select ?', values)]],
  ])('lets pass %s', (_, sent, forwarded, leaves) => {
    expect(judge(sent, forwarded, leaves)).toBeUndefined();
  });

  it.each([
    ['a query without leave', [query('select 1')], query('select 1'), []],
    ['a query with leave for another text', [query('select 1')], query('select 1'), [leave('query', 'select 2')]],
    ['a query with leave for another phase', [query('select 1')], query('select 1'), [leave('prepare', 'select 1')]],
    ['a query that nobody sent', [client.ping()], query('select 1'), [leave('query', 'select 1')]],
    ['an execute of other values', [execute('b')], execute('b'), [leave('bind', 'select ?', values), leave('execute', 'select ?', values)]],
    ['an execute with leave to bind only', [execute('a')], execute('a'), [leave('bind', 'select ?', values)]],
    ['a fetch without leave', [client.fetch(1, 2)], client.fetch(1, 2), []],
    ['a close that nobody sent', [], client.close(1), []],
    ['a command of replication', [client.other(0x12)], client.other(0x12), []],
    ['a KILL', [client.kill(3)], client.kill(3), [leave('query', 'KILL 3')]],
  ])('finds %s', (_, sent, forwarded, leaves) => {
    expect(judge(sent, forwarded, leaves)).toBeDefined();
  });

  it('reads query attributes of sessions that have them only', () => {
    const [packet] = new PacketStream().push(client.query('select 1', true, 'a report'));
    if (packet === undefined) throw new Error('no packet');
    const none = (): undefined => undefined;
    expect(readCommand(packet, VARIANT.queryAttributes, none)).toEqual({ kind: 'query', text: Buffer.from('select 1') });
    expect(readCommand(packet, 0, none)).not.toEqual({ kind: 'query', text: Buffer.from('select 1') });
  });
});
