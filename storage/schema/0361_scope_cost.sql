-- The scope of vehicles as one CASE: to the planner an AND of unknown conditions lets one row through, and it then looks up all
-- vehicles one by one; a CASE it takes for half of them, and a page of a hundred thousand is an index walk of two tables.
alter policy vehicle_app on vehicle
    using (case
               when starts_with(coalesce(region_code, ''), (select scope_area()))
                   then ((select scope_operator()) is null or operator_id = (select scope_operator()))
                        and ((select scope_vehicles()) is null or vehicle_id = any ((select scope_vehicles())::int[]))
               else false
           end);

create or replace view vehicle_in_scope with (security_barrier) as
select v.vehicle_id
  from vehicle v
 where case
           when starts_with(coalesce(v.region_code, ''), (select scope_area()))
               then ((select scope_operator()) is null or v.operator_id = (select scope_operator()))
                    and ((select scope_vehicles()) is null or v.vehicle_id = any ((select scope_vehicles())::int[]))
           else false
       end;

-- the newest positions with what the registry says of the vehicle, in one join that can be walked in the order of vehicles
create or replace view vehicle_last_seen with (security_barrier) as
select l.vehicle_id, l.time, l.received, l.located_at, l.lon_e6, l.lat_e6, l.speed_kmh10, l.heading_deg, l.status_bits,
       l.alarm_bits, l.odometer_m, l.edge_id, l.county_code, l.changed_at, l.along_m, l.road_id, l.today_m, l.road_class,
       l.road_state, l.limit_kmh, l.confidence, v.plate, v.plate_colour, v.vehicle_class, v.region_code, v.operator_id
  from vehicle_last l
  join vehicle v on v.vehicle_id = l.vehicle_id
 where case
           when starts_with(coalesce(v.region_code, ''), (select scope_area()))
               then ((select scope_operator()) is null or v.operator_id = (select scope_operator()))
                    and ((select scope_vehicles()) is null or v.vehicle_id = any ((select scope_vehicles())::int[]))
           else false
       end;
