-- What people did: append-only, each row hashed over its fields and the hash before it, a chain per stream.
-- hash = sha256(prev || sha256(stream) || sha256(seq) || … || sha256(payload)): every field as UTF-8 text, hashed by itself, so that no two
-- rows give the same bytes. payload is kept as the text that was hashed. storage/audit.py computes the same.
create table audit (
    stream text collate "C" not null,
    seq bigint not null,
    at text collate "C" not null,
    actor text not null,
    role text not null,
    address text not null,
    trace_id text not null,
    action text not null,
    object text not null,
    payload text not null,
    region_code text not null,
    prev bytea not null,
    hash bytea not null,
    primary key (stream, seq)
);

create index audit_object on audit (object, stream, seq);
create index audit_at on audit (at, stream, seq);

-- the newest row of each chain as the last commit left it: a chain that lost its end is seen
create table audit_head (
    stream text primary key,
    seq bigint not null,
    hash bytea not null
);

create function audit_hash(a audit) returns bytea
language sql immutable parallel safe
as $$
select sha256(
    a.prev || sha256(convert_to(a.stream, 'UTF8')) || sha256(convert_to(a.seq::text, 'UTF8')) || sha256(convert_to(a.at, 'UTF8'))
    || sha256(convert_to(a.actor, 'UTF8')) || sha256(convert_to(a.role, 'UTF8')) || sha256(convert_to(a.address, 'UTF8'))
    || sha256(convert_to(a.trace_id, 'UTF8')) || sha256(convert_to(a.action, 'UTF8')) || sha256(convert_to(a.object, 'UTF8'))
    || sha256(convert_to(a.payload, 'UTF8')) || sha256(convert_to(a.region_code, 'UTF8')))
$$;

-- Append one row; its number in the stream. The stream is held until the transaction ends: numbers have no gaps.
create function audit_put(the_stream text, the_action text, the_object text, the_payload text) returns bigint
language plpgsql security definer
set search_path = public, pg_temp
-- a session keeps the plans it made while the table was empty: never let those be scans
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    row audit;
    last record;
begin
    if scope_role() is null then
        raise exception 'nobody asks: tell who does before anything is written' using errcode = 'insufficient_privilege';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('cuntong.audit.' || the_stream, 0));
    select a.seq, a.hash into last from audit a where a.stream = the_stream collate "C" order by a.seq desc limit 1;
    row.stream := the_stream;
    row.seq := coalesce(last.seq, 0) + 1;
    row.prev := coalesce(last.hash, ''::bytea);
    row.at := to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    row.actor := coalesce(nullif(current_setting('cuntong.actor', true), ''), 'database:' || session_user);
    row.role := scope_role();
    row.address := coalesce(current_setting('cuntong.address', true), '');
    row.trace_id := coalesce(current_setting('cuntong.trace', true), '');
    row.action := the_action;
    row.object := the_object;
    row.payload := the_payload;
    row.region_code := coalesce(nullif(current_setting('cuntong.region', true), ''), '100000');
    row.hash := audit_hash(row);
    insert into audit select row.*;
    return row.seq;
end
$$;

create function audit_note_head() returns trigger
language plpgsql security definer
set search_path = public, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
    if not exists (select from audit a where a.stream = new.stream and a.seq > new.seq) then
        insert into audit_head (stream, seq, hash)
        values (new.stream, new.seq, new.hash)
            on conflict (stream) do update set seq = excluded.seq, hash = excluded.hash
         where audit_head.seq < excluded.seq;
    end if;
    return null;
end
$$;

create constraint trigger audit_head_at_commit after insert on audit
    deferrable initially deferred for each row execute function audit_note_head();

create function audit_is_for_good() returns trigger
language plpgsql
as $$
begin
    raise exception 'the audit log is for good: rows are added, never changed or removed' using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_unchanged before update or delete on audit
    for each row execute function audit_is_for_good();
create trigger audit_not_emptied before truncate on audit
    for each statement execute function audit_is_for_good();

-- Row trigger of tables that people write: audit_row('<stream>', '<key column>', '<columns never to be told, by commas>').
-- What the programs write for the terminals (role cuntong_ingest) is no act of a person. An update that changes nothing is none either.
create function audit_row() returns trigger
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
    hidden text[] := string_to_array(coalesce(tg_argv[2], ''), ',') || array['changed_at'];
    before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    told jsonb;
begin
    if current_setting('role', true) = 'cuntong_ingest' then
        return null;
    end if;
    if tg_op = 'UPDATE' then
        if before - 'changed_at' = after - 'changed_at' then
            return null;
        end if;
        select jsonb_object_agg(key, case when key = any (hidden) then '["changed"]'::jsonb else jsonb_build_array(before -> key, value) end)
          into told
          from jsonb_each(after)
         where value is distinct from before -> key and key <> 'changed_at';
    else
        told := coalesce(after, before) - hidden;
    end if;
    perform audit_put(tg_argv[0], tg_table_name || '.' || lower(tg_op), tg_table_name || ':' || coalesce(coalesce(after, before) ->> tg_argv[1], ''),
                      told::text);
    return null;
end
$$;

-- within a region its acts are seen; a person's own acts always
alter table audit enable row level security;
create policy audit_app on audit for select to cuntong_app
    using ((select scope_role()) = 'service'
           or ((select scope_role()) in ('admin', 'regulator', 'finance') and (select scope_operator()) is null
               and starts_with(region_code, (select scope_area())))
           or actor = (select nullif(current_setting('cuntong.actor', true), '')));
create policy audit_ingest on audit to cuntong_ingest using (true) with check (true);
alter table audit_head enable row level security;
create policy audit_head_app on audit_head for select to cuntong_app using ((select scope_role()) in ('admin', 'service'));

revoke execute on function audit_put(text, text, text, text) from public;
grant execute on function audit_put(text, text, text, text) to cuntong_app, cuntong_ingest;
grant select on audit, audit_head to cuntong_app;
grant select on audit to cuntong_ingest;

create trigger account_audit after insert or update or delete on account
    for each row execute function audit_row('identity', 'user_id', 'password_hash');
create trigger operator_audit after insert or update or delete on operator
    for each row execute function audit_row('registry', 'operator_id', '');
create trigger vehicle_audit after insert or update or delete on vehicle
    for each row execute function audit_row('registry', 'vehicle_id', '');
create trigger terminal_audit after insert or update or delete on terminal
    for each row execute function audit_row('registry', 'terminal_id', 'given_code');
create trigger station_audit after insert or update or delete on station
    for each row execute function audit_row('registry', 'station_id', '');
create trigger line_audit after insert or update or delete on line
    for each row execute function audit_row('registry', 'line_id', '');
create trigger line_variant_audit after insert or update or delete on line_variant
    for each row execute function audit_row('registry', 'line_id', 'drawing');
create trigger region_audit after insert or update or delete on region
    for each row execute function audit_row('region', 'region_code', 'geometry');
create trigger geofence_audit after insert or update or delete on geofence
    for each row execute function audit_row('command', 'geofence_id', '');
create trigger geofence_version_audit after insert or update or delete on geofence_version
    for each row execute function audit_row('command', 'geofence_id', 'outline');
create trigger platform_peer_audit after insert or update or delete on platform_peer
    for each row execute function audit_row('command', 'peer_id', 'password,m1,ia1,ic1');
