import os
import django
from django.conf import settings

settings.configure(
    DATABASES={'default': {
        'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE'], 'USER': os.environ['PGUSER'],
        'PASSWORD': os.environ['PGPASSWORD'], 'HOST': os.environ['PGHOSTADDR'], 'PORT': os.environ['PGPORT'],
        'OPTIONS': {'sslmode': os.environ['PGSSLMODE'], 'options': '-c search_path=django,public'}}},
    INSTALLED_APPS=['django.contrib.contenttypes', 'django.contrib.auth', 'django.contrib.sessions'],
    DEFAULT_AUTO_FIELD='django.db.models.BigAutoField', USE_TZ=True, SECRET_KEY='only for tests')
django.setup()
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Count, F, Q, Sum

with connection.cursor() as cursor:
    cursor.execute('create schema if not exists django')
call_command('inspectdb', 'people', 'orders', 'order_items', 'products', 'settings', 'contacts', 'visits')
call_command('migrate', verbosity=1, no_color=True)
call_command('migrate', 'auth', '0009', verbosity=1, no_color=True)
call_command('migrate', verbosity=0)
call_command('showmigrations', no_color=True)

staff = Group.objects.create(name='staff')
with transaction.atomic():
    user = User.objects.create_user('ada', 'ada@example.org', 'secret', last_login=None)
    user.groups.add(staff)
    try:
        with transaction.atomic():
            User.objects.create_user('ada')
    except DatabaseError as error:
        print(type(error).__name__, error.__cause__.pgcode)
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
    print('masked', error.__cause__.pgcode)
with connection.cursor() as cursor:
    cursor.execute('drop schema django cascade')
