from sqlalchemy import MetaData, Table, create_engine, func, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, relationship
from sqlalchemy.ext.automap import automap_base

engine = create_engine('postgresql+psycopg2://', connect_args={'application_name': 'sqlalchemy'})
look = inspect(engine)
print(look.get_schema_names(), look.default_schema_name)
for schema in ('public', 'hr'):
    for table in sorted(look.get_table_names(schema)) + sorted(look.get_view_names(schema)):
        print(schema, table, [(c['name'], str(c['type']), c['nullable'], c.get('default')) for c in look.get_columns(table, schema)])
        print(look.get_pk_constraint(table, schema), look.get_foreign_keys(table, schema), look.get_unique_constraints(table, schema))
        print(look.get_indexes(table, schema), look.get_check_constraints(table, schema), look.get_table_comment(table, schema))
print(look.get_sequence_names(), look.get_enums(), look.get_view_definition('order_totals'))

metadata = MetaData()
metadata.reflect(engine, views=True)
print(sorted(metadata.tables))

Base = automap_base()
Base.prepare(engine, reflect=True)
Person, Order = Base.classes.people, Base.classes.orders
with Session(engine) as session:
    print(session.query(func.count()).select_from(Person).scalar())
    rows = session.query(Person.id, Person.name, Order.total).join(Order, Order.person_id == Person.id).order_by(Order.id).limit(4).all()
    print(rows)
    person = session.get(Person, 3)
    print(person.name, sorted(order.id for order in person.orders_collection))
    print('masked', person.email, person.ssn, person.salary, person.birthday, person.bio, person.secret)
    settings = Base.classes.settings
    session.merge(settings(key='orm', value='1'))
    session.flush()
    one = session.get(settings, 'orm')
    one.value = '2'
    session.flush()
    session.refresh(one)
    print(one.value, one.updated_at)
    session.delete(one)
    session.rollback()
    print(session.execute(select(Order.id).where(Order.status == 'paid').order_by(Order.id).limit(3)).all())
    order = Order(person_id=1, status='new', total='9.50', placed_at='2026-02-03 04:05:06')
    session.add(order)
    session.flush()
    print(order.id is not None, order.total)
    try:
        with session.begin_nested():
            session.execute(text('select * from no_such_table'))
    except DBAPIError as error:
        print(error.orig.pgcode)
    print(session.execute(text('select 1')).scalar())
    session.rollback()
with engine.connect() as connection:
    scratch = Table('scratch', MetaData(), *[column.copy() for column in metadata.tables['settings'].columns], prefixes=['TEMPORARY'])
    scratch.create(connection)
    connection.execute(insert(scratch), [{'key': f'k{n}', 'value': str(n)} for n in range(30)])
    connection.execute(update(scratch).where(scratch.c.key == 'k3').values(value=None))
    print(connection.execute(select(func.count(), func.count(scratch.c.value)).select_from(scratch)).all())
    streamed = connection.execution_options(stream_results=True, max_row_buffer=7).execute(select(scratch.c.key).order_by(scratch.c.key))
    print([row[0] for row in streamed])
