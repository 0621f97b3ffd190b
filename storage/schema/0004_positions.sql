-- Integers as on the wire. Wide columns first: no padding. Exactly one index.
create table positions (
    time timestamptz not null,
    received timestamptz not null,
    vehicle_id int not null,
    lon_e6 int not null,
    lat_e6 int not null,
    alarm_bits int not null,
    status_bits int not null,
    odometer_m int,
    speed_kmh10 smallint not null,
    heading_deg smallint not null,
    altitude_m smallint not null,
    recorder_kmh10 smallint,
    fuel_l10 smallint,
    satellites smallint,
    source smallint not null,
    flags smallint not null
);

select create_hypertable(
    'positions', 'time',
    chunk_time_interval => make_interval(hours => current_setting('cuntong.chunk_hours')::int),
    create_default_indexes => false
);

create unique index positions_key on positions (vehicle_id, time);

create table position_extra (
    time timestamptz not null,
    vehicle_id int not null,
    extras bytea not null
);

select create_hypertable(
    'position_extra', 'time',
    chunk_time_interval => make_interval(hours => current_setting('cuntong.chunk_hours')::int),
    create_default_indexes => false
);

create unique index position_extra_key on position_extra (vehicle_id, time);

-- updated with every report: half-empty pages and no second index keep all updates heap-only
create table vehicle_last (
    vehicle_id int primary key,
    time timestamptz not null,
    received timestamptz not null,
    located_at timestamptz,
    lon_e6 int,
    lat_e6 int,
    speed_kmh10 smallint not null,
    heading_deg smallint not null,
    status_bits int not null,
    alarm_bits int not null,
    odometer_m int,
    edge_id int,
    county_code text check (county_code ~ '^[0-9]{6}$'),
    changed_at timestamptz not null default now()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.5, autovacuum_analyze_scale_factor = 1.0);

-- the screens' way to positions: only of vehicles that the asker may see in `vehicle`
create view position_seen with (security_barrier) as
select p.time, p.received, p.vehicle_id, p.lon_e6, p.lat_e6, p.alarm_bits, p.status_bits, p.odometer_m, p.speed_kmh10,
       p.heading_deg, p.altitude_m, p.recorder_kmh10, p.fuel_l10, p.satellites, p.source, p.flags
  from positions p
 where exists (select from vehicle v where v.vehicle_id = p.vehicle_id);

create view vehicle_last_seen with (security_barrier) as
select l.vehicle_id, l.time, l.received, l.located_at, l.lon_e6, l.lat_e6, l.speed_kmh10, l.heading_deg, l.status_bits,
       l.alarm_bits, l.odometer_m, l.edge_id, l.county_code, l.changed_at
  from vehicle_last l
 where exists (select from vehicle v where v.vehicle_id = l.vehicle_id);

grant select, insert, update, delete on positions, position_extra, vehicle_last to cuntong_ingest;
grant select on position_seen, vehicle_last_seen to cuntong_ingest, cuntong_app;
