-- What a SQL Server has besides and others that speak TDS have not.
create synonym persons for dbo.people
go
create synonym codes for contacts
go
create synonym lister for list_people
go
create type ids as table (id int not null primary key)
go
create table badges (
  id int not null primary key,
  badge varchar(40) not null,
  seen_from datetime2 generated always as row start hidden not null,
  seen_to datetime2 generated always as row end hidden not null,
  period for system_time (seen_from, seen_to)
) with (system_versioning = on (history_table = dbo.badges_before))
