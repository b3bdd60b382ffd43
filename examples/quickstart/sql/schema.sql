-- Made-up data, the same in every run: nobody in it exists. Addresses are of example.com (RFC 2606), social security numbers begin with 9
-- (never issued), telephone numbers are 555-01xx (kept free for fiction).

create table people (
  id integer primary key,
  full_name text not null,
  email text not null unique,
  phone text not null,
  ssn text not null,
  birth_date date not null,
  city text not null,
  created_at timestamptz not null
);

create table orders (
  id integer primary key,
  person_id integer not null references people (id),
  placed_at timestamptz not null,
  total_cents integer not null,
  status text not null check (status in ('paid', 'refunded', 'open'))
);

create index orders_of_person on orders (person_id);

insert into people
select
  n,
  first || ' ' || last,
  lower(first || '.' || last) || n || '@example.com',
  '+1-555-01' || lpad((n * 37 % 100)::text, 2, '0') || '-' || lpad((n * 7919 % 10000)::text, 4, '0'),
  '9' || lpad((n * 31 % 100)::text, 2, '0') || '-' || lpad((n * 17 % 100)::text, 2, '0') || '-' || lpad((n * 7919 % 10000)::text, 4, '0'),
  date '1940-01-01' + (n * 6151 % 23000),
  (array['Aurora', 'Brightwater', 'Cedar Falls', 'Dunmore', 'Eastvale'])[1 + n % 5],
  timestamptz '2024-01-01 00:00:00+00' + n * interval '173 minutes'
from
  generate_series(1, 4000) as n,
  lateral (
    select
      (array['Ada', 'Blaise', 'Carl', 'Dorothy', 'Emmy', 'Felix', 'Grace', 'Hedy', 'Isaac', 'Joan'])[1 + n % 10] as first,
      (array['Ashgrove', 'Birchwood', 'Copperfield', 'Dandelion', 'Everbright', 'Foxglove', 'Greenleaf'])[1 + n % 7] as last
  ) as names;

insert into orders
select
  n,
  1 + (n * 7) % 4000,
  timestamptz '2025-01-01 00:00:00+00' + n * interval '41 minutes',
  500 + (n * 7127) % 50000,
  case when n % 19 = 0 then 'refunded' when n % 23 = 0 then 'open' else 'paid' end
from generate_series(1, 12000) as n;

analyze;
