-- Made-up data, the same in every run: nobody in it exists. Addresses are of example.com (RFC 2606), social security numbers begin with 9
-- (never issued), telephone numbers are 555-01xx (kept free for fiction).

create table people (
  id integer primary key,
  full_name text not null,
  email varchar(200) not null unique,
  phone text not null,
  ssn text not null,
  birth_date date not null,
  city text not null,
  created_at datetime not null
);

create table orders (
  id integer primary key,
  person_id integer not null,
  placed_at datetime not null,
  total_cents integer not null,
  status varchar(20) not null check (status in ('paid', 'refunded', 'open')),
  foreign key orders_of_person (person_id) references people (id)
);

insert into people
select
  n,
  concat(first, ' ', last),
  concat(lower(concat(first, '.', last)), n, '@example.com'),
  concat('+1-555-01', lpad(n * 37 % 100, 2, '0'), '-', lpad(n * 7919 % 10000, 4, '0')),
  concat('9', lpad(n * 31 % 100, 2, '0'), '-', lpad(n * 17 % 100, 2, '0'), '-', lpad(n * 7919 % 10000, 4, '0')),
  date '1940-01-01' + interval (n * 6151 % 23000) day,
  elt(1 + n % 5, 'Aurora', 'Brightwater', 'Cedar Falls', 'Dunmore', 'Eastvale'),
  timestamp '2024-01-01 00:00:00' + interval n * 173 minute
from (
  select
    seq as n,
    elt(1 + seq % 10, 'Ada', 'Blaise', 'Carl', 'Dorothy', 'Emmy', 'Felix', 'Grace', 'Hedy', 'Isaac', 'Joan') as first,
    elt(1 + seq % 7, 'Ashgrove', 'Birchwood', 'Copperfield', 'Dandelion', 'Everbright', 'Foxglove', 'Greenleaf') as last
  from seq_1_to_4000
) as names;

insert into orders
select
  seq,
  1 + (seq * 7) % 4000,
  timestamp '2025-01-01 00:00:00' + interval seq * 41 minute,
  500 + (seq * 7127) % 50000,
  case when seq % 19 = 0 then 'refunded' when seq % 23 = 0 then 'open' else 'paid' end
from seq_1_to_12000;

analyze table people, orders;
