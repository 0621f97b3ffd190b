-- What each person sees and writes of each table; the functions are those of 0300_scope.sql.

-- vehicle: region, operator, the driver's own
alter table vehicle enable row level security;
create policy vehicle_app on vehicle for select to cuntong_app
    using (starts_with(coalesce(region_code, ''), (select scope_area()))
           and ((select scope_operator()) is null or operator_id = (select scope_operator()))
           and ((select scope_vehicles()) is null or vehicle_id = any ((select scope_vehicles())::int[])));
create policy vehicle_app_write on vehicle to cuntong_app
    using ((select scope_writes())
           and starts_with(coalesce(region_code, ''), (select scope_area()))
           and ((select scope_operator()) is null or operator_id = (select scope_operator())));

-- an operator is seen where it is registered and where its vehicles are
alter table operator enable row level security;
create policy operator_app on operator for select to cuntong_app
    using (((select scope_operator()) is null or operator_id = (select scope_operator()))
           and (starts_with(coalesce(region_code, ''), (select scope_area()))
                or exists (select from vehicle v where v.operator_id = operator.operator_id)));
create policy operator_app_write on operator to cuntong_app
    using ((select scope_writes())
           and ((select scope_operator()) is null or operator_id = (select scope_operator()))
           and starts_with(coalesce(region_code, ''), (select scope_area())));

-- a terminal goes with its vehicle; one without a vehicle is seen by the region, not by operators and drivers
alter table terminal enable row level security;
create policy terminal_app on terminal for select to cuntong_app
    using (case
               when vehicle_id is not null then exists (select from vehicle v where v.vehicle_id = terminal.vehicle_id)
               else starts_with(coalesce(region_code, ''), (select scope_area()))
                    and (select scope_operator()) is null and (select scope_vehicles()) is null
           end);
create policy terminal_app_write on terminal to cuntong_app
    using ((select scope_writes()) and case
               when vehicle_id is not null then exists (select from vehicle v where v.vehicle_id = terminal.vehicle_id)
               else starts_with(coalesce(region_code, ''), (select scope_area()))
                    and (select scope_operator()) is null
           end);

-- rows of a vehicle go with it; those without a vehicle are seen by who sees the whole country
do $$
declare
    the_table text;
begin
    foreach the_table in array array[
        'terminal_binding', 'dirty_day', 'due_day', 'link_event', 'multimedia', 'multimedia_event', 'alarm_upload', 'platform_vehicle'
    ] loop
        execute format('alter table %I enable row level security', the_table);
        execute format(
            'create policy %1$I on %2$I for select to cuntong_app using (case when vehicle_id is not null '
            'then exists (select from vehicle v where v.vehicle_id = %2$I.vehicle_id) '
            'else (select scope_area()) = '''' and (select scope_operator()) is null and (select scope_vehicles()) is null end)',
            the_table || '_app', the_table);
    end loop;
    -- rows of a terminal likewise
    foreach the_table in array array['quarantine', 'terminal_command', 'geofence_order', 'geofence_held'] loop
        execute format('alter table %I enable row level security', the_table);
        execute format(
            'create policy %1$I on %2$I for select to cuntong_app using (exists (select from terminal t where t.terminal_id = %2$I.terminal_id) '
            'or (select scope_area()) = '''' and (select scope_operator()) is null and (select scope_vehicles()) is null)',
            the_table || '_app', the_table);
    end loop;
    -- what everybody who is logged in may know, written by the programs alone
    foreach the_table in array array['edge_speed_hour', 'network_version', 'road', 'archive_file', 'ingest_offset'] loop
        execute format('alter table %I enable row level security', the_table);
        execute format('create policy %I on %I for select to cuntong_app using ((select scope_role()) is not null)',
                       the_table || '_app', the_table);
    end loop;
end
$$;

create policy terminal_binding_app_write on terminal_binding to cuntong_app
    using ((select scope_writes()) and exists (select from vehicle v where v.vehicle_id = terminal_binding.vehicle_id));
create policy geofence_order_app_write on geofence_order to cuntong_app
    using ((select scope_writes())
           and (exists (select from terminal t where t.terminal_id = geofence_order.terminal_id)
                or (select scope_area()) = '' and (select scope_operator()) is null));

alter table alarm_file enable row level security;
create policy alarm_file_app on alarm_file to cuntong_app
    using (exists (select from alarm_upload u where u.upload_id = alarm_file.upload_id));

alter table region enable row level security;
create policy region_app on region for select to cuntong_app using ((select scope_role()) is not null);
create policy region_app_write on region to cuntong_app
    using ((select scope_role()) in ('admin', 'service') and starts_with(region_code, (select scope_area())));

-- lines and stations are public knowledge to who is logged in; written within the region
alter table station enable row level security;
create policy station_app on station for select to cuntong_app using ((select scope_role()) is not null);
create policy station_app_write on station to cuntong_app
    using ((select scope_writes()) and starts_with(coalesce(region_code, ''), (select scope_area())));

alter table line enable row level security;
create policy line_app on line for select to cuntong_app using ((select scope_role()) is not null);
create policy line_app_write on line to cuntong_app
    using ((select scope_writes()) and starts_with(coalesce(region_code, ''), (select scope_area()))
           and ((select scope_operator()) is null or operator_id = (select scope_operator())));

do $$
declare
    the_table text;
begin
    foreach the_table in array array['line_variant', 'line_stop', 'timetable_trip', 'line_path'] loop
        execute format('alter table %I enable row level security', the_table);
        execute format('create policy %I on %I for select to cuntong_app using ((select scope_role()) is not null)',
                       the_table || '_app', the_table);
    end loop;
    foreach the_table in array array['line_variant', 'line_stop', 'timetable_trip'] loop
        execute format(
            'create policy %1$I on %2$I to cuntong_app using ((select scope_writes()) and exists (select from line l where l.line_id = %2$I.line_id '
            'and starts_with(coalesce(l.region_code, ''''), (select scope_area())) '
            'and ((select scope_operator()) is null or l.operator_id = (select scope_operator()))))',
            the_table || '_app_write', the_table);
    end loop;
end
$$;

-- geofences: of the region that their versions name
create function geofence_in_scope(the_geofence bigint, area text) returns boolean
language sql stable security definer
set search_path = public, pg_temp
as $$
select coalesce(bool_or(starts_with(coalesce(g.region_code, ''), area)), area is not null)
  from geofence_version g
 where g.geofence_id = the_geofence
$$;

alter table geofence enable row level security;
create policy geofence_app on geofence for select to cuntong_app
    using (geofence_in_scope(geofence_id, (select scope_area())));
create policy geofence_app_write on geofence to cuntong_app
    using ((select scope_writes()) and geofence_in_scope(geofence_id, (select scope_area())));

alter table geofence_version enable row level security;
create policy geofence_version_app on geofence_version for select to cuntong_app
    using (starts_with(coalesce(region_code, ''), (select scope_area())));
create policy geofence_version_app_write on geofence_version to cuntong_app
    using ((select scope_writes()) and starts_with(coalesce(region_code, ''), (select scope_area())));

-- other platforms: of the region; one for everything is seen by who sees the whole country
alter table platform_peer enable row level security;
create policy platform_peer_app on platform_peer to cuntong_app
    using (starts_with(coalesce(region_code, ''), (select scope_area()))
           and (select scope_operator()) is null and (select scope_vehicles()) is null);

do $$
declare
    the_table text;
begin
    foreach the_table in array array['platform_link', 'platform_message', 'platform_answer'] loop
        execute format('alter table %I enable row level security', the_table);
        execute format(
            'create policy %1$I on %2$I to cuntong_app using (exists (select from platform_peer p where p.peer_id = %2$I.peer_id))',
            the_table || '_app', the_table);
    end loop;
end
$$;

-- anybody who is known may hand on work; what is waiting for a terminal is seen by who sees the terminal
alter table outbox enable row level security;
create policy outbox_app_add on outbox for insert to cuntong_app with check ((select scope_role()) is not null);
create policy outbox_app on outbox to cuntong_app
    using ((select scope_role()) = 'service'
           or (topic = 'terminal.command' and exists (select from terminal t where t.terminal_id = outbox.payload ->> 'terminal_id')));

alter table job enable row level security;
create policy job_app on job to cuntong_app
    using ((select scope_role()) = 'service' or asked_by = current_setting('cuntong.actor', true));

-- identity: the doorkeeper's own; administrators see the accounts of their region, everybody the own one
alter table account enable row level security;
create policy account_app on account for select to cuntong_app
    using ((select scope_role()) = 'service'
           or ((select scope_role()) = 'admin' and starts_with(region_code, (select scope_area())))
           or user_id = (select scope_user()));
create policy account_app_write on account to cuntong_app
    using ((select scope_role()) = 'service'
           or ((select scope_role()) = 'admin' and starts_with(region_code, (select scope_area()))));

alter table login_session enable row level security;
create policy login_session_app on login_session to cuntong_app
    using ((select scope_role()) = 'service' or exists (select from account a where a.user_id = login_session.user_id));

alter table login_failure enable row level security;
create policy login_failure_app on login_failure to cuntong_app
    using ((select scope_role()) = 'service');

-- the programs that take in, match and count are bound by no scope
do $$
declare
    the_table text;
begin
    for the_table in
        select c.relname from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relrowsecurity
           and (has_table_privilege('cuntong_ingest', c.oid, 'select') or has_table_privilege('cuntong_ingest', c.oid, 'insert'))
    loop
        execute format('create policy %I on %I to cuntong_ingest using (true) with check (true)', the_table || '_ingest', the_table);
    end loop;
end
$$;
