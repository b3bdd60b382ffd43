import { describe, expect, it } from '@jest/globals';
import type { Admission, MaskTools, SessionHost } from '@sqlwarden/core';
import { DATA_TYPE, type DataTypeName } from '../protocol/data-types.js';
import { encodeUtf16 } from '../protocol/payload-writer.js';
import { PARAMETER_STATUS, PROCEDURE, type RpcCall, type RpcParameter } from '../protocol/rpc-request.js';
import { declaredParameters } from '../sql/declared-parameters.js';
import { Conversation } from './conversation.js';
import type { Proceed } from './prepared.js';
import { type JudgedCall, planCall, type PlannedCall } from './rpc-calls.js';

const CONTEXT = { serverVersion: 16, lexical: { quoted_identifier: 'on', case_sensitive: 'off' } };
const { BY_REFERENCE, DEFAULT_VALUE, ENCRYPTED } = PARAMETER_STATUS;

const value = (type: DataTypeName, bytes: Uint8Array | null, name = '', status = 0): RpcParameter => ({
  kind: 'value',
  name,
  status,
  type: { type: DATA_TYPE[type], name: type, form: 'byte-length', maxLength: 8000 },
  value: { bytes },
});
const text = (given: string | null, name = '', status = 0) => value('NVARCHAR', given === null ? null : encodeUtf16(given), name, status);
const int = (given: number, name = '', status = 0) =>
  value('INTN', Uint8Array.of(given, given >> 8, given >> 16, given >> 24), name, status);
const none = (name = '', status = BY_REFERENCE) => value('INTN', null, name, status);
const call = (procedure: RpcCall['procedure'], parameters: readonly RpcParameter[], more: Partial<RpcCall> = {}): RpcCall => ({
  procedure,
  options: 0,
  parameters,
  separator: undefined,
  ...more,
});

// Planning a call asks nothing of the host.
const talk = (): Conversation => new Conversation({} as SessionHost, {} as MaskTools);
const plan = (given: RpcCall, on = talk()): PlannedCall => planCall(given, on, (declaration) => declaredParameters(declaration, CONTEXT));
const judged = (given: RpcCall, on = talk()): JudgedCall => {
  const planned = plan(given, on);
  if (planned.kind !== 'judged') throw new Error(JSON.stringify(planned));
  return planned;
};
const decision: Proceed = { kind: 'proceed', ticket: 0, statements: [], cleanTexts: false, decision: undefined } satisfies Admission;
const SELECT = 'SELECT name FROM people WHERE id = @id';

describe.each([
  ['by number', (name: keyof typeof PROCEDURE) => ({ id: PROCEDURE[name] })],
  ['by name', (name: keyof typeof PROCEDURE) => ({ name })],
  ['by another spelling of the name', (name: keyof typeof PROCEDURE) => ({ name: `[SYS].${name.toUpperCase()}` })],
])('a procedure that runs text, called %s', (_, named) => {
  it('is judged as its text', () => {
    const planned = judged(call(named('sp_executesql'), [text(SELECT), text('@id int'), int(7, '@id')]));
    expect(planned).toMatchObject({ judged: { text: SELECT }, phases: ['query'] });
    expect(planned.parameters).toEqual([{ typeId: DATA_TYPE.INTN, format: 'binary', value: Uint8Array.of(7, 0, 0, 0) }]);
    for (const name of ['sp_prepare', 'sp_cursorprepare'] as const)
      expect(judged(call(named(name), [none(), text('@id int'), text(SELECT), int(1)]))).toMatchObject({
        judged: { text: SELECT },
        phases: ['prepare'],
      });
    const all = ['prepare', 'bind', 'execute'];
    expect(judged(call(named('sp_prepexec'), [none(), text('@id int'), text(SELECT), int(7)]))).toMatchObject({
      judged: { text: SELECT },
      phases: all,
    });
    expect(judged(call(named('sp_cursoropen'), [none(), text(SELECT), int(8), int(1), none(), text('@id int'), int(7)]))).toMatchObject({
      judged: { text: SELECT },
      phases: all,
    });
    expect(
      judged(call(named('sp_cursorprepexec'), [none(), none(), text('@id int'), text(SELECT), int(8), int(1), none(), int(7)])),
    ).toMatchObject({ judged: { text: SELECT }, phases: all });
    expect(judged(call(named('sp_prepexecrpc'), [none(), text('dbo.p'), int(7)]))).toMatchObject({
      judged: { text: 'EXECUTE [dbo].[p] @p1' },
      phases: all,
    });
  });

  it('is judged by long text and by NTEXT, and refused where its text is none', () => {
    const long = `${SELECT} -- ${'x'.repeat(9000)}`;
    expect(judged(call(named('sp_executesql'), [text(long)])).judged.text).toBe(long);
    expect(judged(call(named('sp_executesql'), [value('NTEXT', encodeUtf16(SELECT))])).judged.text).toBe(SELECT);
    expect(judged(call(named('sp_executesql'), [text(null)])).judged.text).toBe('');
    for (const parameter of [
      value('BIGVARCHAR', new Uint8Array(3)),
      value('SSVARIANT', new Uint8Array(3)),
      text(SELECT, '', DEFAULT_VALUE),
    ])
      expect(plan(call(named('sp_executesql'), [parameter]))).toMatchObject({ kind: 'refuse', refusal: { code: 'message-unsupported' } });
    expect(plan(call(named('sp_executesql'), []))).toMatchObject({ kind: 'refuse' });
    expect(plan(call(named('sp_executesql'), [text(SELECT), text('@id int; x')]))).toMatchObject({ kind: 'refuse' });
  });

  it('takes no parameter out of its place', () => {
    expect(plan(call(named('sp_executesql'), [text('', '@params'), text(SELECT, '@stmt')]))).toMatchObject({ kind: 'refuse' });
    expect(plan(call(named('sp_executesql'), [text('SELECT 1'), text('@stmt nvarchar(max)'), text(SELECT, '@stmt')]))).toMatchObject({
      kind: 'refuse',
    });
    expect(plan(call(named('sp_executesql'), [text(SELECT, '@other')]))).toMatchObject({ kind: 'refuse' });
    expect(
      judged(call(named('sp_executesql'), [text(SELECT, '@statement'), text('@handle int', '@params'), int(1, '@handle')])).judged.text,
    ).toBe(SELECT);
  });

  it('asks for what comes back: by name, else by place', () => {
    const given = [text('SET @b = 1'), text('@a int, @b int OUTPUT, @c int OUTPUT')];
    const byName = judged(call(named('sp_executesql'), [...given, int(1, '@a'), none('@c'), none('@B')]));
    expect(byName).toMatchObject({
      judged: { text: 'DECLARE @b int, @c int;\nSET @b = 1\n;SELECT @b, @c', hasDeclare: true, outputs: ['b', 'c'] },
      returnedAt: [4, 3],
    });
    expect(judged(call(named('sp_executesql'), [...given, int(1), none()])).returnedAt).toEqual([3, undefined]);
    expect(judged(call(named('sp_executesql'), [...given, int(1), int(2)])).returnedAt).toEqual([undefined, undefined]);
  });
});

describe('handles', () => {
  it('are those that the server gave, and are judged as what they stand for', () => {
    const session = talk();
    const prepare = judged(call({ id: PROCEDURE.sp_prepare }, [none(), text('@id int'), text(SELECT), int(1)]), session);
    prepare.replies({ prepare: decision, last: decision }).prepared?.(11);
    const execute = call({ id: PROCEDURE.sp_execute }, [int(11), int(7, '@id')]);
    expect(judged(execute, session)).toMatchObject({ judged: { text: SELECT }, phases: ['bind', 'execute'], earlier: decision });
    expect(plan(call({ name: 'sp_execute' }, [int(12), int(7)]), session)).toMatchObject({
      kind: 'error',
      error: { number: 8179 },
      text: 'Could not find prepared statement with handle 12.',
    });
    expect(plan(call({ name: 'sp_cursorexecute' }, [int(11), none()]), session)).toMatchObject({ kind: 'error', error: { number: 8179 } });
    const unprepare = plan(call({ name: 'sp_unprepare' }, [int(11)]), session);
    if (unprepare.kind !== 'free') throw new Error(unprepare.kind);
    expect(judged(execute, session).judged.text).toBe(SELECT);
    unprepare.forwarded();
    expect(plan(execute, session)).toMatchObject({ kind: 'error' });
  });

  it('of cursors are read through what was decided when they were opened', () => {
    const session = talk();
    const open = judged(call({ id: PROCEDURE.sp_cursoropen }, [none(), text(SELECT), int(8), int(1), none()]), session);
    const cursor = {
      result: { columns: [], rows: { columns: 0, cells: undefined, disagreements: [] }, watched: undefined },
      returned: undefined,
    };
    open.replies({ prepare: decision, bind: decision, last: decision }).cursorOpened?.(180150003, cursor);
    const fetch = call({ id: PROCEDURE.sp_cursorfetch }, [int(180150003), int(2), int(0), int(10)]);
    const planned = judged(fetch, session);
    expect(planned).toMatchObject({ judged: { text: SELECT }, phases: ['execute'], earlier: decision });
    expect(planned.replies({ last: decision }).cursor).toBe(cursor);
    expect(plan(call({ name: 'sp_cursorfetch' }, [int(5)]), session)).toMatchObject({ kind: 'error', error: { number: 16909 } });
    expect(judged(call({ name: 'sp_cursor' }, [int(180150003), int(8), int(1)]), session).phases).toEqual(['execute']);
    for (const optype of [1, 2, 4, 33])
      expect(plan(call({ name: 'sp_cursor' }, [int(180150003), int(optype)]), session)).toMatchObject({ kind: 'refuse' });
    expect(plan(call({ name: 'sp_cursor' }, [int(180150003)]), session)).toMatchObject({ kind: 'refuse' });
    const close = plan(call({ name: 'sp_cursorclose' }, [int(180150003)]), session);
    if (close.kind === 'free') close.forwarded();
    expect(plan(fetch, session)).toMatchObject({ kind: 'error' });
  });

  it('are all uncertain behind a text that may make or close some by itself', () => {
    const session = talk();
    const prepare = judged(call({ id: PROCEDURE.sp_prepare }, [none(), text(null), text(SELECT), int(1)]), session);
    prepare.replies({ prepare: decision, last: decision }).prepared?.(1);
    session.mayTouchHandles('SELECT 1');
    expect(session.prepared.get(1)).toBeDefined();
    session.mayTouchHandles('EXEC SP_UNPREPARE 1; EXEC sp_prepare @h OUTPUT, NULL, @t');
    expect(session.prepared.get(1)).toBeUndefined();
  });
});

describe('any other procedure', () => {
  it('is judged as EXECUTE, with what comes back and the status', () => {
    const planned = judged(call({ name: 'hr.raise' }, [int(1), none('@to'), int(1, '@why', DEFAULT_VALUE)]));
    expect(planned).toMatchObject({
      judged: {
        text: 'DECLARE @to bigint, @sqlwarden_status int;\nEXECUTE @sqlwarden_status = [hr].[raise] @p1, @to = @to OUTPUT, @why = DEFAULT\n;SELECT @to, @sqlwarden_status',
        outputs: ['to', 'sqlwarden_status'],
      },
      phases: ['query'],
      returnedAt: [1],
      returnsStatus: true,
    });
    expect(planned.replies({ last: decision }).hasOwnStatus).toBe(false);
  });

  it('of the server has a status of its own', () => {
    const planned = judged(call({ name: 'sp_tables' }, [text('p%', '@table_name')]));
    expect(planned.judged.text).toBe('EXECUTE [sp_tables] @table_name = @table_name');
    expect(planned.replies({ last: decision }).hasOwnStatus).toBe(true);
  });

  it('in another database is not taken for the one that runs text here', () => {
    expect(judged(call({ name: 'other..sp_executesql' }, [text(SELECT)])).judged.text).toContain('[other]..[sp_executesql] @p1');
    expect(judged(call({ name: 'hr.sp_prepexec' }, [text(SELECT)])).judged.text).toContain('[hr].[sp_prepexec] @p1');
  });

  it('that is given a new token shows it to nobody', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln';
    const planned = judged(call({ name: 'sp_set_session_context' }, [text('SQLwarden.token', '@key'), text(token, '@value')]));
    expect(planned).toMatchObject({ renewal: token, parameters: [] });
    expect(planned.judged.text).not.toContain(token);
    const other = judged(
      call({ id: PROCEDURE.sp_executesql }, [
        text("EXEC sp_set_session_context N'sqlwarden.token', @t"),
        text('@t nvarchar(max)'),
        text(token),
      ]),
    );
    expect(other).toMatchObject({ renewal: '', parameters: [] });
  });

  it.each<[string, RpcCall]>([
    ['by a number that none has', call({ id: 16 }, [])],
    ['by what is no name', call({ name: 'p; DROP TABLE people' }, [])],
    ['with a name that is none', call({ name: 'p' }, [int(1, '@a; DROP TABLE people')])],
    ['with an encrypted value', call({ name: 'p' }, [int(1, '@a', ENCRYPTED)])],
    ['that is not to be executed', call({ name: 'p' }, [], { separator: 'no-exec' })],
    ['with the columns of another call', call({ name: 'p' }, [], { options: 4 })],
  ])('is refused %s', (_, given) => {
    expect(plan(given)).toMatchObject({ kind: 'refuse', refusal: { code: 'message-unsupported' } });
  });
});
