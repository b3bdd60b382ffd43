import io, pandas, psycopg2
from sqlalchemy import create_engine, text

engine = create_engine('postgresql+psycopg2://')
orders = pandas.read_sql('select id, person_id, total, status, placed_at from orders order by id', engine)
print(orders.dtypes.to_dict(), orders.to_csv(index=False))
print(pandas.read_sql_table('settings', engine).to_csv(index=False))
print(pandas.read_sql(text('select status, count(*) as n, sum(total) as total from orders group by status order by status'), engine).to_csv())
print(sum(len(chunk) for chunk in pandas.read_sql('select * from orders', engine, chunksize=2)), len(orders))
frame = pandas.DataFrame({'a': [1, 2, None], 'b': ['x', 'y,"z"', None], 'at': pandas.to_datetime(['2026-01-01', '2026-01-02', None])})
with engine.begin() as connection:
    for method in (None, 'multi'):
        frame.to_sql('framed', connection, if_exists='replace', index=False, method=method)
    frame.to_sql('framed', connection, if_exists='append', index=False)
    print(pandas.read_sql('select * from framed', connection).to_csv(index=False))
    connection.execute(text('drop table framed'))
raw = psycopg2.connect('')
cursor = raw.cursor()
cursor.execute('create temp table loaded (a float, b text, at timestamp)')
buffer = io.StringIO(frame.to_csv(index=False))
cursor.copy_expert('copy loaded from stdin (format csv, header)', buffer)
out = io.StringIO()
cursor.copy_expert('copy (select * from loaded order by a) to stdout (format csv, header)', out)
out.seek(0)
print(pandas.read_csv(out).equals(frame.assign(at=['2026-01-01 00:00:00', '2026-01-02 00:00:00', None])))
people = pandas.read_sql('select * from people order by id', engine, parse_dates=['birthday'])
print('masked', repr(people.to_csv(index=False)))
print(people[['id', 'name', 'city']].to_csv(index=False), people.dtypes.astype(str).to_dict())
print('masked', people['salary'].sum())
