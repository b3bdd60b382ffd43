import threading, psycopg
from psycopg.rows import dict_row
c = psycopg.connect('')
k = c.cursor(row_factory=dict_row)
print(k.execute('select id, total, status, placed_at from orders where person_id = %s order by id', (1,)).fetchall())
print(c.execute('select sku, tags, attributes, picture from products order by sku', binary=True).fetchall())
with c.transaction():
    c.execute("insert into settings (key, value) values (%s, %s) on conflict (key) do update set value = excluded.value", ('py3', "it's"))
    try:
        with c.transaction():
            c.execute('select * from no_such_table')
    except psycopg.Error as e:
        print(type(e).__name__, e.sqlstate)
k.executemany('insert into order_items values (%s, %s, %s, %s) on conflict do nothing', [(3, 50, 'A-1', 1), (4, 50, 'B-2', 2)])
print(k.rowcount)
for i in range(8):
    r = c.execute('select name from people where id = %s', (i,)).fetchone()
print(r)
with c.pipeline():
    a = c.execute('select 1 as a'); b = c.execute('select %s::int as b', (2,))
print(a.fetchone(), b.fetchone())
with c.cursor('named') as n:
    n.execute('select id, name from people order by id')
    print(n.fetchmany(4), n.fetchall())
with k.copy('copy (select id, total from orders order by id limit 3) to stdout') as copy:
    print([row for row in copy.rows()])
with k.copy('copy schema_migrations (version) from stdin (format binary)') as copy:
    copy.set_types(['text'])
    copy.write_row(['py3'])
print(k.rowcount)
c.rollback()
timer = threading.Timer(0.7, c.cancel); timer.start()
try:
    c.execute('select pg_sleep(20)')
except psycopg.Error as e:
    print('cancelled', e.sqlstate)
c.rollback()
print(c.execute('select 1').fetchone(), c.info.transaction_status.name, c.info.encoding)
c.close()
