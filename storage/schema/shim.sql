-- What our SQL uses of TimescaleDB, for a server that does not have it. Loaded before the migrations, again at each run.
-- Buckets begin on Monday 2000-01-03 00:00, as the extension has it.

create or replace function time_bucket(bucket_width interval, ts timestamptz)
returns timestamptz
language sql immutable parallel safe strict
as $$
    select date_bin(bucket_width, ts, timestamptz '2000-01-03 00:00:00+00')
$$;

create or replace function time_bucket(bucket_width interval, ts timestamptz, timezone text)
returns timestamptz
language sql immutable parallel safe strict
as $$
    select date_bin(bucket_width, ts at time zone timezone, timestamp '2000-01-03 00:00:00') at time zone timezone
$$;

create or replace function create_hypertable(
    relation regclass,
    time_column_name name,
    chunk_time_interval interval default interval '1 day',
    create_default_indexes boolean default true,
    if_not_exists boolean default false,
    migrate_data boolean default false
)
returns void
language sql
as $$
$$;

create or replace function drop_chunks(relation regclass, older_than timestamptz)
returns void
language plpgsql
as $$
begin
    execute format('delete from %s where time < $1', relation) using older_than;
end
$$;
