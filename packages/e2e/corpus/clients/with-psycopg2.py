import io, threading, time, psycopg2, psycopg2.extras
c = psycopg2.connect('')
k = c.cursor()
k.execute('select id, total, status, placed_at from orders where person_id = %s order by id', (1,))
print(k.fetchall(), [d.name for d in k.description])
k.execute("insert into settings (key, value) values (%(k)s, %(v)s) on conflict (key) do update set value = excluded.value returning key", {'k': 'py2', 'v': "it's"})
print(k.fetchone(), k.rowcount)
k.executemany('insert into order_items values (%s, %s, %s, %s) on conflict do nothing', [(1, 50, 'A-1', 1), (2, 50, 'B-2', 2)])
psycopg2.extras.execute_values(k, 'insert into settings (key, value) values %s on conflict (key) do nothing', [('v1', '1'), ('v2', '2')])
c.commit()
with c.cursor('named') as n:
    n.itersize = 5
    n.execute('select id, name from people order by id')
    print([row for row in n])
c.commit()
out = io.StringIO()
k.copy_expert('copy (select id, total from orders order by id limit 3) to stdout csv', out)
print(repr(out.getvalue()))
k.copy_expert('copy schema_migrations (version) from stdin', io.StringIO('py2\n'))
print(k.rowcount)
c.rollback()
try:
    k.execute('select 1/0')
except psycopg2.Error as e:
    print(type(e).__name__, e.pgcode)
c.rollback()
timer = threading.Timer(0.7, c.cancel); timer.start()
try:
    k.execute('select pg_sleep(20)')
except psycopg2.Error as e:
    print('cancelled', e.pgcode)
c.rollback()
k.execute('select array_agg(id order by id), min(placed_at) from orders')
print(k.fetchall(), c.get_transaction_status(), c.encoding)
c.close()
