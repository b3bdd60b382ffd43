-- What all subjects of the leak matrix share: unprotected places, and functions that statements of the corpus call.
create table notes (id integer primary key, txt text);
create table numbers (id integer primary key, n numeric);
create table log (id integer generated always as identity primary key, line text, at timestamptz default '2026-01-01 00:00:00+00');
insert into notes values (1, 'one'), (2, 'two'), (3, 'three');
insert into numbers values (1, 1), (2, 2);
create schema other;
create function shout(text) returns text language sql immutable as $$ select upper($1) || '!' $$;
create function echo(anyelement) returns anyelement language sql immutable as $$ select $1 $$;
create function write_down(text) returns text language plpgsql as $$ begin insert into notes values (99, $1); return 'done'; end $$;
create function complain(text) returns text language plpgsql as $$ begin raise notice 'complaint: %', $1; return ''; end $$;
create function run(text) returns setof text language plpgsql as $$ begin return query execute $1; end $$;
create aggregate glue(text) (sfunc = textcat, stype = text, initcond = '');
create operator ## (function = textcat, leftarg = text, rightarg = text);
