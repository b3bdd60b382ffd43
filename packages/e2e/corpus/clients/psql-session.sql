-- What people type into psql beside plain statements: its own commands, both directions of COPY, notices, notifications.
\copy settings (key, value) from stdin csv
psql-1,one
psql-2,"two, ""quoted"""
\.
copy settings (key) from stdin;
psql-3
\.
\copy (select key, value from settings where key like 'psql-%' order by key) to stdout (format csv, header, force_quote *)
delete from settings where key like 'psql-%';
\copy orders to stdout
copy (select id, total, placed_at from orders order by id) to stdout (format binary);
\echo
copy (insert into settings (key) values ('returned') returning key) to stdout;
delete from settings where key = 'returned';
select $1::int + 1 as answer \bind 41 \g
select id, name, birthday is not null as born from people where id < 3 \gdesc
select format('select %s as made', n) from generate_series(1, 3) n \gexec
select id as chosen from orders order by id limit 1 \gset
\echo :chosen
select status, city, count(*) from orders join people on people.id = person_id group by 1, 2 order by 1, 2 \crosstabview
\x
select id, name from people order by id limit 2;
\x
\set FETCH_COUNT 2
select id, name from people order by id limit 5;
\unset FETCH_COUNT
\set ON_ERROR_ROLLBACK on
begin;
select * from no_such_table;
select count(*) from orders;
rollback;
\set ON_ERROR_ROLLBACK off
prepare by_id (int) as select name from people where id = $1;
execute by_id (3);
deallocate by_id;
begin;
declare c scroll cursor for select id from orders order by id;
fetch 2 from c;
move 3 in c;
fetch backward 1 from c;
close c;
commit;
listen told;
notify told, 'something';
select pg_notify('told', 'else');
unlisten *;
\timing off
show search_path;
set search_path to hr, public;
select count(*) from people;
reset search_path;
discard all;
select current_setting('search_path');
