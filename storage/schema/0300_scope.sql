-- Who asks, and what that person sees. storage/scope.py sets the parameters cuntong.* for one transaction; without them cuntong_app sees
-- nothing. The owner and cuntong_ingest are free. Policies and views call these functions inside scalar sub-selects: once a query.

-- also true inside a security-definer function: it asks for the role that the connection took, not for the function's owner
create function scope_bound() returns boolean
language sql stable parallel safe
as $$
select coalesce(nullif(current_setting('role', true), 'none'), session_user) not in (
           'cuntong_ingest', (select pg_get_userbyid(relowner) from pg_class where oid = 'vehicle'::regclass))
   and not (select rolsuper from pg_roles where rolname = coalesce(nullif(current_setting('role', true), 'none'), session_user))
$$;

-- null: nobody asks
create function scope_role() returns text
language sql stable parallel safe
as $$
select case when scope_bound() then nullif(current_setting('cuntong.role', true), '') else 'service' end
$$;

-- what the codes of all regions in scope begin with: '' the whole country; null: no region at all
create function scope_area() returns text
language sql stable parallel safe
as $$
select case
           when not scope_bound() or scope_role() = 'service' then ''
           when scope_role() in ('regulator', 'platform', 'operator', 'driver', 'finance', 'station', 'tester', 'admin') then
               case
                   when code = '100000' then ''
                   when code ~ '^[0-9]{2}0000$' then left(code, 2)
                   when code ~ '^[0-9]{4}00$' then left(code, 4)
                   when code ~ '^[0-9]{6}([0-9]{3})?([0-9]{3})?$' then code
               end
       end
  from (select nullif(current_setting('cuntong.region', true), '') as code) said
$$;

-- null: all operators; an operator's or driver's account without one sees none (0 is nobody's number)
create function scope_operator() returns int
language sql stable parallel safe
as $$
select case
           when not scope_bound() or scope_role() = 'service' then null
           when scope_role() in ('operator') then coalesce(nullif(current_setting('cuntong.operator', true), '')::int, 0)
           else nullif(current_setting('cuntong.operator', true), '')::int
       end
$$;

create function scope_user() returns int
language sql stable parallel safe
as $$
select nullif(current_setting('cuntong.user', true), '')::int
$$;

create function scope_person() returns int
language sql stable parallel safe
as $$
select nullif(current_setting('cuntong.person', true), '')::int
$$;

create function scope_unmask() returns boolean
language sql stable parallel safe
as $$
select not scope_bound() or coalesce(current_setting('cuntong.unmask', true), '') = 'on'
$$;

-- a driver's own vehicles, empty until drivers are registered; null: no such limit
create function scope_vehicles() returns int[]
language sql stable parallel safe
as $$
select case when scope_role() = 'driver' then '{}'::int[] end
$$;

-- who may write what people keep: registry, lines, geofences
create function scope_writes() returns boolean
language sql stable parallel safe
as $$
select coalesce(scope_role() in ('regulator', 'platform', 'operator', 'admin', 'service'), false)
$$;

create index vehicle_operator on vehicle (operator_id);

-- for the views over tables that carry no policy; read with the owner's rights, so it repeats the policy of `vehicle`
create view vehicle_in_scope with (security_barrier) as
select v.vehicle_id
  from vehicle v
 where starts_with(coalesce(v.region_code, ''), (select scope_area()))
   and ((select scope_operator()) is null or v.operator_id = (select scope_operator()))
   and ((select scope_vehicles()) is null or v.vehicle_id = any ((select scope_vehicles())::int[]));

grant select on vehicle_in_scope to cuntong_app, cuntong_ingest;

create or replace view position_seen with (security_barrier) as
select p.time, p.received, p.vehicle_id, p.lon_e6, p.lat_e6, p.alarm_bits, p.status_bits, p.odometer_m, p.speed_kmh10,
       p.heading_deg, p.altitude_m, p.recorder_kmh10, p.fuel_l10, p.satellites, p.source, p.flags
  from positions p
 where exists (select from vehicle_in_scope v where v.vehicle_id = p.vehicle_id);

create or replace view vehicle_last_seen with (security_barrier) as
select l.vehicle_id, l.time, l.received, l.located_at, l.lon_e6, l.lat_e6, l.speed_kmh10, l.heading_deg, l.status_bits,
       l.alarm_bits, l.odometer_m, l.edge_id, l.county_code, l.changed_at, l.along_m, l.road_id, l.today_m, l.road_class,
       l.road_state, l.limit_kmh, l.confidence
  from vehicle_last l
 where exists (select from vehicle_in_scope v where v.vehicle_id = l.vehicle_id);

create or replace view vehicle_hour_seen with (security_barrier) as
select h.vehicle_id, h.hour, h.fixes, h.first_time, h.last_time, h.moving_s, h.top_speed_kmh10, h.odometer_first_m,
       h.odometer_last_m, h.live_fixes, h.batch_fixes, h.blind_fixes, h.mqtt_fixes, h.peer_fixes, h.replay_fixes
  from vehicle_hour h
 where exists (select from vehicle_in_scope v where v.vehicle_id = h.vehicle_id);

create or replace view provisional_path_seen with (security_barrier) as
select p.time, p.edge_key, p.vehicle_id, p.number, p.part, p.from_mm, p.to_mm, p.leg_mm, p.reason
  from provisional_path p
 where exists (select from vehicle_in_scope v where v.vehicle_id = p.vehicle_id);

create or replace view vehicle_day_seen with (security_barrier) as
select d.vehicle_id, d.day, d.matched_m, d.on_road_m, d.off_road_m, d.inferred_m, d.ferry_m, d.low_m, d.high_m, d.gps_raw_m,
       d.off_route_m, d.odo_start_m, d.odo_end_m, d.complete_m, d.total_track_m, d.records, d.qualified_records,
       d.drift_points, d.duty_ms, d.online_ms, d.planned_trips, d.run_trips, d.n_minor, d.n_general, d.n_severe, d.flags,
       d.context, d.ratio, d.ratio_sd, d.ratio_m, d.compared_matched_m, d.compared_odometer_m, d.compared_raw_m,
       d.sure_matched_m, d.sure_counted_m, d.map_version, d.match_version, d.input_hash, d.evidence_hash, d.revision,
       d.final_revision, d.final, d.computed_at
  from vehicle_day d
 where exists (select from vehicle_in_scope v where v.vehicle_id = d.vehicle_id);

create or replace view mileage_segment_seen with (security_barrier) as
select s.from_time, s.to_time, s.length_mm, s.low_mm, s.high_mm, s.ferry_mm, s.vehicle_id, s.day, s.part_start, s.part_end,
       s.seq, s.kind, s.source, s.reason, s.confidence_e4
  from mileage_segment s
 where exists (select from vehicle_in_scope v where v.vehicle_id = s.vehicle_id);

create or replace view matched_path_seen with (security_barrier) as
select p.vehicle_id, p.day, p.map_version, p.pieces, p.edges, p.geometry, p.speeds
  from matched_path p
 where exists (select from vehicle_in_scope v where v.vehicle_id = p.vehicle_id);

create or replace view trip_seen with (security_barrier) as
select t.from_time, t.to_time, t.length_mm, t.vehicle_id, t.day, t.from_lon_e6, t.from_lat_e6, t.to_lon_e6, t.to_lat_e6,
       t.seq
  from trip t
 where exists (select from vehicle_in_scope v where v.vehicle_id = t.vehicle_id);

create or replace view stay_seen with (security_barrier) as
select s.from_time, s.to_time, s.vehicle_id, s.day, s.lon_e6, s.lat_e6, s.station_id, s.seq
  from stay s
 where exists (select from vehicle_in_scope v where v.vehicle_id = s.vehicle_id);

create or replace view stop_passage_seen with (security_barrier) as
select p.vehicle_id, p.day, p.run, p.line_id, p.variant, p.complete, p.stop_seq, p.arrive, p.depart, p.dwell_s, p.quality
  from stop_passage p
 where exists (select from vehicle_in_scope v where v.vehicle_id = p.vehicle_id);
