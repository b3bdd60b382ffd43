-- The database of the corpora: an application's schema, with every construct that values could leave through. Run by the account that the gateway
-- logs in as. Protected columns have no values here: each world has its own (made by src/mysql/mysql-world.ts). {{database}} is its name.

create table people (
  id int primary key,
  name varchar(100) not null,
  email varchar(100) not null,
  ssn varchar(40) not null,
  phone varchar(40),
  city varchar(40) not null,
  salary decimal(12, 2) not null,
  card bigint not null,
  birthday date not null,
  bio text,
  secret json not null,
  manager_id int,
  active tinyint(1) not null default 1,
  created_at datetime not null default '2026-01-01 00:00:00',
  unique key people_email_key (email),
  unique key people_ssn_key (ssn),
  key people_salary_idx (salary),
  fulltext key people_bio_words (bio),
  constraint people_manager foreign key (manager_id) references people (id),
  constraint people_city_check check (city <> '')
);

create table orders (
  id int primary key auto_increment,
  person_id int not null,
  status enum('new', 'paid', 'shipped', 'cancelled') not null default 'new',
  total decimal(10, 2) not null,
  note varchar(200),
  placed_at datetime not null,
  constraint orders_person foreign key (person_id) references people (id)
);
create table order_items (
  order_id int not null,
  line int not null,
  sku varchar(20) not null,
  quantity int not null check (quantity > 0),
  primary key (order_id, line),
  constraint items_order foreign key (order_id) references orders (id) on delete cascade
);
create table products (
  sku varchar(20) primary key,
  title varchar(100) not null,
  tags set('tools', 'heavy', 'home', 'gift') not null default '',
  attributes json not null,
  stock int unsigned not null default 0,
  picture blob,
  weight double,
  fulltext key products_title (title)
);
create table settings (name varchar(100) primary key, value text, updated_at datetime not null default '2026-01-01 00:00:00');
create table schema_migrations (version varchar(20) primary key, applied_at datetime not null default '2026-01-01 00:00:00');

create table visits (id int not null, person_id int not null, visited_on date not null, diagnosis varchar(100) not null)
  partition by range columns (visited_on) (
    partition visits_2025 values less than ('2026-01-01'),
    partition visits_2026 values less than ('2027-01-01')
  );
create table staff (id int primary key, name varchar(40) not null, badge varchar(40) not null);

-- A relation of the same name whose columns are not protected, for statements whose meaning depends on the current database.
create table hr_{{database}}.people (id int primary key, ssn varchar(40), email varchar(40), salary decimal(12, 2));
insert into hr_{{database}}.people values (1, 'none', 'none', 0), (2, 'none', 'none', 0);

create view contacts as select id, name, email as mail, ssn as code, city from people;
create algorithm = temptable view adults (who, what) as select name, birthday from people where active;
create view people_documents as select id, json_object('ssn', ssn, 'email', email) as document from people;
create view order_totals as select person_id, count(*) as orders, sum(total) as total from orders group by person_id;
create view city_figures as select city, count(*) as people, max(ssn) as greatest from people group by city;
create view over_contacts as select mail, code from contacts;

create function ssn_of(i int) returns varchar(40) reads sql data return (select ssn from people where id = i);
create function tax(amount decimal(12, 2)) returns decimal(12, 2) deterministic return round(amount * 0.19, 2);
create procedure list_people() reads sql data select id, ssn, email from people order by id;
create procedure ssn_into(in i int, out result varchar(40)) reads sql data select ssn into result from people where id = i;
create procedure by_text(in wanted varchar(200))
begin
  set @text = wanted;
  prepare made from @text;
  execute made;
  deallocate prepare made;
end;
create procedure complain(in i int)
begin
  declare found varchar(120);
  select concat('found ', ssn) into found from people where id = i;
  signal sqlstate '45000' set message_text = found;
end;
create procedure paid_orders() reads sql data select id, total from orders where status = 'paid' order by id;
create procedure ship(in o int) modifies sql data update orders set status = 'shipped' where id = o;

create trigger people_rename before update on people for each row
begin
  declare found varchar(120);
  if new.name <> old.name then
    set found = concat('no new name for ', old.ssn);
    signal sqlstate '45000' set message_text = found;
  end if;
end;
create trigger settings_touch before update on settings for each row set new.updated_at = '2026-02-02 00:00:00';

insert into products (sku, title, tags, attributes, stock, picture, weight) values
  ('A-1', 'Anvil of iron', 'tools,heavy', '{"weight": 40, "colour": "black"}', 7, x'00ff10', 40),
  ('B-2', 'Brush, soft', 'tools', '{"weight": 0.2}', 120, null, 0.25),
  ('C-3', 'Candle "eternal"', 'home,gift', '{"weight": 0.5, "colour": "white"}', 0, '', null);
insert into settings (name, value) values ('theme', 'dark'), ('limit', '100');
insert into schema_migrations (version) values ('20260101000000'), ('20260102000000');
