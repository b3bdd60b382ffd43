-- What each subject of the leak matrix has: $name is the subject's, $type the type of its protected column. Run once for each subject, by the role
-- that the gateway logs in as, before the tables have values.

-- table: the table by itself, or with a parent (see src/matrix/worlds.ts)

-- A table of the same shape whose writes make noise.
create table loud_$name (id integer primary key, tag text not null, val $type not null);
create function tell_$name() returns trigger language plpgsql as $body$
begin
  raise notice 'was %', old.val;
  return new;
end $body$;
create trigger tell before update on loud_$name for each row execute function tell_$name();
create function fail_$name() returns trigger language plpgsql as $body$
begin
  raise exception 'cannot delete %', old.val using detail = old.val::text, hint = old::text, errcode = 'P0001';
end $body$;
create trigger fail before delete on loud_$name for each row execute function fail_$name();

-- Same type, nothing protected.
create table plain_$name (id integer primary key, val $type);

create view view_$name as select id, tag, val as shown from t_$name;
create view cast_$name (key, told) as select t.id, t.val::text from t_$name t where t.grp > 0;
create view rows_$name as select t.id, t as whole from t_$name t;
create materialized view kept_$name as select id, val as stored from t_$name with no data;

create function get_$name(integer) returns $type language sql stable as $body$ select val from t_$name where id = $1 $body$;
create function all_$name() returns setof t_$name language sql stable as $body$ select * from t_$name $body$;
create function pl_$name(i integer) returns text language plpgsql stable as $body$
declare found t_$name%rowtype;
begin
  select * into found from t_$name where id = i;
  return found.val::text;
end $body$;
create function dyn_$name(i integer) returns text language plpgsql stable as $body$
declare found text;
begin
  execute 'select v' || 'al::text from t_$name where id = $1' into found using i;
  return found;
end $body$;
create function label_$name(t_$name) returns text language sql stable as $body$ select $1.tag || $1.val::text $body$;
create procedure say_$name(i integer) language plpgsql as $body$
declare found text;
begin
  select val::text into found from t_$name where id = i;
  raise notice 'found %', found;
end $body$;
