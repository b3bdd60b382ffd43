"""What Django does, against the database of the corpora. Lines that begin with `masked ` show protected columns."""
import os

import pymysql

pymysql.install_as_MySQLdb()
import django
from django.conf import settings

tls = {'ssl': {'ca': os.environ['MYSQL_CA']}} if os.environ['MYSQL_CA'] else {}
settings.configure(
    DATABASES={'default': {
        'ENGINE': 'django.db.backends.mysql', 'NAME': os.environ['MYSQL_DATABASE'], 'USER': os.environ['MYSQL_USER'],
        'PASSWORD': os.environ['MYSQL_PWD'], 'HOST': '127.0.0.1', 'PORT': os.environ['MYSQL_TCP_PORT'],
        'OPTIONS': {'charset': 'utf8mb4', **tls}}},
    INSTALLED_APPS=['django.contrib.contenttypes', 'django.contrib.auth', 'django.contrib.sessions'],
    DEFAULT_AUTO_FIELD='django.db.models.BigAutoField', USE_TZ=True, SECRET_KEY='only for tests')
django.setup()
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Count, F, Q, Sum

call_command('inspectdb', 'people', 'orders', 'order_items', 'products', 'settings', 'contacts', 'visits')
call_command('migrate', verbosity=1, no_color=True)
call_command('showmigrations', no_color=True)

staff = Group.objects.create(name='staff')
with transaction.atomic():
    user = User.objects.create_user('ada', 'ada@example.org', 'secret', last_login=None)
    user.groups.add(staff)
    try:
        with transaction.atomic():
            User.objects.create_user('ada')
    except DatabaseError as error:
        print(type(error).__name__, error.args[0])
User.objects.bulk_create([User(username=f'u{n}') for n in range(20)])
print(User.objects.filter(Q(username__startswith='u1') | Q(groups__name='staff')).order_by('username').values_list('username', flat=True)[:5])
print(User.objects.aggregate(n=Count('id')), User.objects.filter(username='u3').update(first_name=F('username')))
print([user.username for user in User.objects.order_by('username').iterator(chunk_size=3)][:4])
print(User.objects.filter(username__startswith='u').delete()[0])


class Person(models.Model):
    name, email, city = models.TextField(), models.TextField(), models.TextField()
    birthday = models.DateField()

    class Meta:
        managed, db_table, app_label = False, 'people', 'auth'


class Order(models.Model):
    person = models.ForeignKey(Person, models.DO_NOTHING)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    status = models.TextField()

    class Meta:
        managed, db_table, app_label = False, 'orders', 'auth'


print(list(Order.objects.select_related('person').order_by('id').values_list('id', 'total', 'person__name')[:4]))
print(list(Order.objects.values('status').annotate(n=Count('id'), sum=Sum('total')).order_by('status')))
print('masked', [(person.name, person.email, person.birthday) for person in Person.objects.order_by('id')[:3]])
try:
    print('masked', list(Person.objects.filter(email__icontains='a').values_list('id')))
except DatabaseError as error:
    print('masked', error.args[0])
with connection.cursor() as cursor:
    cursor.execute('set foreign_key_checks = 0')
    for table in connection.introspection.table_names(cursor):
        if table.startswith(('auth_', 'django_')):
            cursor.execute('drop table ' + connection.ops.quote_name(table))
