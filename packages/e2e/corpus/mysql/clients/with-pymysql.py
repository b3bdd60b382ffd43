"""What PyMySQL and SQLAlchemy do, against the database of the corpora. Lines that begin with `masked ` show protected columns."""
import os

import pymysql
from sqlalchemy import MetaData, create_engine, inspect, select, text

tls = {"ca": os.environ["MYSQL_CA"]} if os.environ["MYSQL_CA"] else None
where = dict(host="127.0.0.1", port=int(os.environ["MYSQL_TCP_PORT"]), user=os.environ["MYSQL_USER"], password=os.environ["MYSQL_PWD"])
connection = pymysql.connect(database=os.environ["MYSQL_DATABASE"], charset="utf8mb4", ssl=tls, **where)
with connection.cursor() as cursor:
    cursor.execute("select id, name from people where id < %s order by id", (4,))
    print(cursor.fetchall())
    cursor.execute("select ssn, email, salary, birthday, secret from people order by id")
    for row in cursor:
        print("masked", row)
    cursor.executemany("insert into settings (name, value) values (%s, %s)", [("py1", "a"), ("py2", None)])
    print(cursor.rowcount)
    cursor.execute("delete from settings where name like 'py%%'")
    print(cursor.rowcount)
    cursor.callproc("paid_orders")
    print(cursor.fetchall())
with connection.cursor(pymysql.cursors.SSDictCursor) as cursor:
    cursor.execute("select id, total, placed_at from orders order by id")
    print(cursor.fetchmany(3), len(cursor.fetchall()))
connection.rollback()
connection.ping()
try:
    connection.query("select no_such_column from orders")
except pymysql.err.MySQLError as error:
    print(type(error).__name__, error.args[0])
connection.close()

url = "mysql+pymysql://{user}:{password}@{host}:{port}/".format(**where) + os.environ["MYSQL_DATABASE"]
engine = create_engine(url, connect_args={"ssl": tls})
print(sorted(inspect(engine).get_table_names()), sorted(inspect(engine).get_view_names()))
metadata = MetaData()
metadata.reflect(engine, only=["people", "orders"])
people, orders = metadata.tables["people"], metadata.tables["orders"]
print([(column.name, str(column.type)) for column in people.columns], [key.target_fullname for key in orders.foreign_keys])
with engine.begin() as session:
    rows = session.execute(select(people.c.id, people.c.name).where(people.c.city == "Lyon").order_by(people.c.id))
    print(rows.fetchall())
    for row in session.execute(select(people.c.email, people.c.phone).order_by(people.c.id)):
        print("masked", row)
    result = session.execute(orders.insert().values(person_id=1, total=5, placed_at="2026-03-01"))
    print(result.inserted_primary_key[0] > 0)
    session.execute(orders.delete().where(orders.c.id == result.inserted_primary_key[0]))
with engine.connect() as session:
    print(session.execute(text("select count(*) from orders")).scalar())
