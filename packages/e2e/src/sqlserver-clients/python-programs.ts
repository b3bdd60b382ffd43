import { type Finding, findFreetdsOdbc, findPython, type ProgramResult, runProgram } from '@sqlwarden/testkit';
import { freetdsEnvironment, type FreetdsWay, type Place, type ProgramSite } from './program-site.js';

/** A driver for Python, and the ways in which it can encrypt. */
export interface PythonDriver {
  readonly name: 'pymssql' | 'pytds' | 'pyodbc';
  readonly needs: readonly Finding[];
  readonly encryptions: readonly (FreetdsWay['encryption'] & string)[];
  /** Runs its script; every line is what one step gave. */
  run(site: ProgramSite, place: Place, encryption: FreetdsWay['encryption'] & string): Promise<ProgramResult>;
}

const SHOW = `
import sys, json, decimal
def show(*what): print(json.dumps(what, default=lambda x: format(x, '.2f') if isinstance(x, decimal.Decimal) else str(x)))
port, user, password, encryption, driver, authority = sys.argv[1:]
`;

/** Reads by cursors with and without parameters, writes, calls a procedure, meets an error of the server and a refusal, and goes on. */
const SCRIPTS = {
  pymssql: `
import pymssql
c = pymssql.connect(server='127.0.0.1', port=port, user=user, password=password, database='shop', tds_version='7.3', charset='UTF-8')
k = c.cursor(as_dict=True)
k.execute('select id, name, ssn, salary from people')
show(k.fetchall())
k = c.cursor()
k.execute('select name, ssn from people where id = %d', (2,))
show(k.fetchone(), [d[0] for d in k.description])
k.executemany("insert into visits values (%d, %s)", [(1, 'a'), (2, "b's")])
c.commit()
k.execute('update people set name = name where id = %d', (1,))
show(k.rowcount)
c.rollback()
k.callproc('dbo.person', (1, 0))
k.nextset()
show(k.fetchall())
try: k.execute('select 1 / 0 as none'); k.fetchall()
except pymssql.Error as e: show('failed')
c.rollback()
try: k.execute('delete from people')
except pymssql.Error as e: show('refused', str(e))
c.rollback()
k.execute('select ssn from people')
show(list(k))
c.close()`,
  pytds: `
import pytds
c = pytds.connect('127.0.0.1', 'shop', user, password, port=int(port), autocommit=False, cafile=authority if encryption == 'require' else None, validate_host=False)
k = c.cursor()
k.execute('select id, name, ssn, salary from people')
show(k.fetchall())
k.execute('select name, ssn from people where id = %s', (2,))
show(k.fetchone(), [d[0] for d in k.description])
k.executemany("insert into visits values (%s, %s)", [(1, 'a'), (2, "b's")])
c.commit()
k.execute('update people set name = name where id = %(id)s', {'id': 1})
show(k.rowcount)
c.rollback()
k.callproc('dbo.person', (1, pytds.output(param_type=int)))
show(k.fetchall(), k.get_proc_return_status())
try: k.execute('select 1 / 0 as none'); k.fetchall()
except pytds.Error as e: show('failed', e.msg_no)
c.rollback()
try: k.execute('delete from people')
except pytds.Error as e: show('refused', str(e))
c.rollback()
k.execute('select ssn from people')
show(k.fetchall())
c.close()`,
  pyodbc: `
import pyodbc
c = pyodbc.connect(f'Driver={driver};Server=127.0.0.1;Port={port};UID={user};PWD={password};Database=shop;TDS_Version=7.4;ClientCharset=UTF-8;Encryption={encryption}')
k = c.cursor()
k.execute('select id, name, ssn, salary from people')
show([list(r) for r in k.fetchall()])
k.execute('select name, ssn from people where id = ?', 2)
show(list(k.fetchone()), [d[0] for d in k.description])
k.executemany("insert into visits values (?, ?)", [(1, 'a'), (2, "b's")])
c.commit()
k.execute('update people set name = name where id = ?', 1)
show(k.rowcount)
c.rollback()
k.execute('{call dbo.person(?, ?)}', 1, 0)
show([list(r) for r in k.fetchall()])
try: k.execute('select 1 / 0 as none'); k.fetchall()
except pyodbc.Error as e: show('failed', e.args[0])
c.rollback()
try: k.execute('delete from people')
except pyodbc.Error as e: show('refused', e.args[1])
c.rollback()
k.execute('select ssn from people')
show([list(r) for r in k.fetchall()])
c.close()`,
} as const;

const ODBC = findFreetdsOdbc();

function driver(name: PythonDriver['name'], encryptions: PythonDriver['encryptions'], ...others: readonly Finding[]): PythonDriver {
  const python = findPython(name);
  return {
    name,
    needs: [python, ...others],
    encryptions,
    run(site, place, encryption) {
      const about = [String(place.port), place.user, place.password, encryption, ODBC.found ? ODBC.path : '', site.authorityFile];
      return runProgram(python.found ? python.path : '', ['-c', SHOW + SCRIPTS[name], ...about], {
        env: freetdsEnvironment(site, place, { version: '7.3', encryption }),
      });
    },
  };
}

export const PYTHON_DRIVERS: readonly PythonDriver[] = [
  driver('pymssql', ['off', 'request', 'require']),
  // It encrypts by OpenSSL's bindings.
  driver('pytds', ['off', 'require'], findPython('OpenSSL')),
  driver('pyodbc', ['off', 'request', 'require'], ODBC),
];
