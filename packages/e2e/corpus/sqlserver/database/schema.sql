-- The database of the corpora: an application's schema, with every construct that values could leave through. Run by the account that the gateway
-- logs in as, batch by batch. Protected columns have no values here: each world has its own (made by src/sqlserver/sqlserver-world.ts).

create table people (
  id int not null primary key,
  name nvarchar(100) not null,
  email varchar(100) not null,
  ssn varchar(40) not null,
  phone varchar(40),
  city nvarchar(40) not null,
  salary decimal(12, 2) not null,
  card bigint not null,
  birthday date not null,
  bio nvarchar(max),
  secret nvarchar(200) not null,
  manager_id int,
  active bit not null default 1,
  created_at datetime not null default '2026-01-01 00:00:00',
  constraint people_email_key unique (email),
  constraint people_ssn_key unique (ssn),
  constraint people_manager foreign key (manager_id) references people (id),
  constraint people_city_check check (city <> '')
)
create index people_salary_idx on people (salary)
go
create table orders (
  id int identity(1, 1) not null primary key,
  person_id int not null,
  status varchar(10) not null default 'new',
  total decimal(10, 2) not null,
  note nvarchar(200),
  placed_at datetime2(0) not null,
  constraint orders_person foreign key (person_id) references people (id)
)
create table order_items (
  order_id int not null,
  line int not null,
  sku varchar(20) not null,
  quantity int not null check (quantity > 0),
  primary key (order_id, line),
  constraint items_order foreign key (order_id) references orders (id) on delete cascade
)
create table products (
  sku varchar(20) not null primary key,
  title nvarchar(100) not null,
  attributes nvarchar(max) not null,
  stock int not null default 0,
  picture varbinary(max),
  weight float,
  price money not null default 0,
  code uniqueidentifier
)
create table settings (name varchar(100) not null primary key, value nvarchar(max), updated_at datetime not null default '2026-01-01 00:00:00')
create table schema_migrations (version varchar(20) not null primary key, applied_at datetime not null default '2026-01-01 00:00:00')
create table visits (id int not null, person_id int not null, visited_on date not null, diagnosis varchar(100) not null)
create table staff (id int not null primary key, name varchar(40) not null, badge varchar(40) not null, initials as substring(name, 1, 1))
go
create schema hr
go
-- A relation of the same name whose columns are not protected, for statements whose meaning depends on names.
create table hr.people (id int not null primary key, ssn varchar(40), email varchar(40), salary decimal(12, 2))
insert into hr.people values (1, 'none', 'none', 0), (2, 'none', 'none', 0)
go
create view contacts as select id, name, email as mail, ssn as code, city from people
go
create view adults (who, what) as select name, birthday from people where active = 1
go
create view over_contacts as select mail, code from contacts
go
create view order_totals as select person_id, count(*) as orders, sum(total) as total from orders group by person_id
go
create view city_figures as select city, count(*) as people, max(ssn) as greatest from people group by city
go
create function ssn_of(@id int) returns varchar(40) as
begin
  return (select ssn from dbo.people where id = @id)
end
go
create function tax(@amount decimal(12, 2)) returns decimal(12, 2) as
begin
  return round(@amount * 0.19, 2)
end
go
create function people_in(@city nvarchar(40)) returns table as return (select id, ssn, email as mail from dbo.people where city = @city)
go
create function orders_of(@person int) returns table as return (select id, total, status from dbo.orders where person_id = @person)
go
create function gathered() returns @all table (id int, code varchar(40)) as
begin
  insert into @all select id, ssn from dbo.people
  return
end
go
create procedure list_people as select id, ssn, email from people order by id
go
create procedure ssn_into @id int, @result varchar(40) output as select @result = ssn from people where id = @id
go
create procedure by_text @wanted nvarchar(400) as exec (@wanted)
go
create procedure complain @id int as
begin
  declare @found nvarchar(200)
  select @found = 'found ' + ssn from people where id = @id
  raiserror (@found, 16, 1)
end
go
create procedure count_status @id int as
begin
  declare @n int
  select @n = cast(substring(ssn, 1, 3) as int) from people where id = @id
  return @n
end
go
create procedure paid_orders as select id, total from orders where status = 'paid' order by id
go
create procedure ship @o int as
begin
  set nocount on
  update orders set status = 'shipped' where id = @o
end
go
create procedure order_count @person int, @n int output as
begin
  set nocount on
  select @n = count(*) from orders where person_id = @person
end
go
create trigger people_rename on people after update as
begin
  declare @found nvarchar(200)
  if exists (select 1 from inserted i join deleted d on d.id = i.id where i.name <> d.name)
  begin
    select @found = 'no new name for ' + ssn from deleted
    raiserror (@found, 16, 1)
  end
end
go
insert into products (sku, title, attributes, stock, picture, weight, price, code) values
  ('A-1', 'Anvil of iron', '{"weight": 40, "colour": "black"}', 7, 0x00ff10, 40, 19.99, '6F9619FF-8B86-D011-B42D-00C04FC964FF'),
  ('B-2', 'Brush, soft', '{"weight": 0.2}', 120, null, 0.25, 2.5, null),
  ('C-3', 'Candle "eternal"', '{"weight": 0.5, "colour": "white"}', 0, 0x, null, 0, null)
insert into settings (name, value) values ('theme', 'dark'), ('limit', '100')
insert into schema_migrations (version) values ('20260101000000'), ('20260102000000')
