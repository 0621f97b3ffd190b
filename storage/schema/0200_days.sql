-- Vehicle-days: what a vehicle did on an Asia/Shanghai day, as money and statistics read it. Lengths are integers: metres, millimetres.
create table vehicle_day (
    vehicle_id int not null,
    day date not null,
    matched_m bigint not null,
    on_road_m bigint not null,
    off_road_m bigint not null,
    inferred_m bigint not null,
    ferry_m bigint not null,
    low_m bigint not null,
    high_m bigint not null,
    gps_raw_m bigint not null,
    off_route_m bigint not null,
    odo_start_m int,
    odo_end_m int,
    complete_m bigint not null,
    total_track_m bigint not null,
    records int not null,
    qualified_records int not null,
    drift_points int not null,
    duty_ms bigint not null,
    online_ms bigint not null,
    planned_trips int not null,
    run_trips int not null,
    n_minor int not null,
    n_general int not null,
    n_severe int not null,
    flags text[] not null,
    -- what was known of the vehicle besides its fixes, the odometer's ratio included
    context jsonb not null,
    ratio double precision not null,
    ratio_sd double precision not null,
    ratio_m double precision not null,
    -- metres by source over the spans that all of them cover; null where one has no say
    compared_matched_m double precision,
    compared_odometer_m double precision,
    compared_raw_m double precision,
    -- the day's own share of the odometer's ratio: metres matched with certainty, and metres that the odometer counted there
    sure_matched_m double precision not null default 0,
    sure_counted_m double precision not null default 0,
    map_version text not null,
    match_version text not null,
    input_hash text not null,
    evidence_hash text not null,
    revision int not null default 1,
    -- revision that was final first; a later one is listed
    final_revision int,
    final boolean generated always as (final_revision is not null) stored,
    computed_at timestamptz not null default now(),
    primary key (vehicle_id, day)
);

create index vehicle_day_day on vehicle_day (day);
create index vehicle_day_open on vehicle_day (day) where final_revision is null;

-- kind, source and reason as numbered in tracking/segments.py; confidence in 1/10,000; part_start:part_end rows of the path's edges
create table mileage_segment (
    from_time timestamptz not null,
    to_time timestamptz not null,
    length_mm bigint not null,
    low_mm bigint not null,
    high_mm bigint not null,
    ferry_mm bigint not null,
    vehicle_id int not null,
    day date not null,
    part_start int not null,
    part_end int not null,
    seq int not null,
    kind smallint not null,
    source smallint not null,
    reason smallint not null,
    confidence_e4 smallint not null,
    primary key (vehicle_id, day, seq)
);

-- one row a day: its margins are in the path too. Bytes as written by storage/delta_bytes.py
create table matched_path (
    vehicle_id int not null,
    day date not null,
    map_version text not null,
    pieces bytea not null,
    edges bytea not null,
    geometry bytea not null,
    speeds bytea not null,
    primary key (vehicle_id, day)
);

create table trip (
    from_time timestamptz not null,
    to_time timestamptz not null,
    length_mm bigint not null,
    vehicle_id int not null,
    day date not null,
    from_lon_e6 int not null,
    from_lat_e6 int not null,
    to_lon_e6 int not null,
    to_lat_e6 int not null,
    seq int not null,
    primary key (vehicle_id, day, seq)
);

-- standstills; station_id null when none is near
create table stay (
    from_time timestamptz not null,
    to_time timestamptz not null,
    vehicle_id int not null,
    day date not null,
    lon_e6 int not null,
    lat_e6 int not null,
    station_id int,
    seq int not null,
    primary key (vehicle_id, day, seq)
);

-- quality as numbered in tracking/passages.py; arrive and depart null when the stop was skipped
create table stop_passage (
    vehicle_id int not null,
    day date not null,
    run int not null,
    line_id text not null,
    variant text not null,
    complete boolean not null,
    stop_seq int not null,
    arrive timestamptz,
    depart timestamptz,
    dwell_s int not null,
    quality smallint not null,
    primary key (vehicle_id, day, run, stop_seq)
);

create index stop_passage_line on stop_passage (line_id, day);

-- sums over all vehicles; edge_key is the map's stable number of the edge, its 64 bits as a signed number
create table edge_speed_hour (
    hour timestamptz not null,
    edge_key bigint not null,
    count int not null,
    travel_mm bigint not null,
    travel_ms bigint not null,
    histogram int[] not null
);

select create_hypertable(
    'edge_speed_hour', 'hour',
    chunk_time_interval => interval '1 day',
    create_default_indexes => false
);

create unique index edge_speed_hour_key on edge_speed_hour (hour, edge_key);

create function add_counts(one int[], other int[]) returns int[]
language sql immutable parallel safe strict
as $$
    select array_agg(a + b order by place) from unnest(one, other) with ordinality as u(a, b, place)
$$;

-- days to be computed: their mark is the ticket to replace them
create table due_day (
    vehicle_id int not null,
    day date not null,
    first_marked timestamptz not null default clock_timestamp(),
    last_marked timestamptz not null default clock_timestamp(),
    reason text not null,
    failures int not null default 0,
    failure text,
    not_before timestamptz,
    primary key (vehicle_id, day)
);

create index due_day_day on due_day (day);

-- where the live matcher stands with each vehicle
create table match_state (
    vehicle_id int primary key,
    map_version text not null,
    match_version text not null,
    state bytea not null,
    changed_at timestamptz not null default now()
);

-- which road network serves the vehicles whose region begins with the code ('' serves all): the longest code, then the newest row
create table network_version (
    region_code text not null default '',
    map_version text not null,
    path text not null,
    edges int not null,
    registered_at timestamptz not null default clock_timestamp(),
    primary key (region_code, map_version)
);

create view vehicle_day_seen with (security_barrier) as
select d.vehicle_id, d.day, d.matched_m, d.on_road_m, d.off_road_m, d.inferred_m, d.ferry_m, d.low_m, d.high_m, d.gps_raw_m,
       d.off_route_m, d.odo_start_m, d.odo_end_m, d.complete_m, d.total_track_m, d.records, d.qualified_records,
       d.drift_points, d.duty_ms, d.online_ms, d.planned_trips, d.run_trips, d.n_minor, d.n_general, d.n_severe, d.flags,
       d.context, d.ratio, d.ratio_sd, d.ratio_m, d.compared_matched_m, d.compared_odometer_m, d.compared_raw_m,
       d.sure_matched_m, d.sure_counted_m, d.map_version, d.match_version, d.input_hash, d.evidence_hash, d.revision,
       d.final_revision, d.final, d.computed_at
  from vehicle_day d
 where exists (select from vehicle v where v.vehicle_id = d.vehicle_id);

create view mileage_segment_seen with (security_barrier) as
select s.from_time, s.to_time, s.length_mm, s.low_mm, s.high_mm, s.ferry_mm, s.vehicle_id, s.day, s.part_start, s.part_end,
       s.seq, s.kind, s.source, s.reason, s.confidence_e4
  from mileage_segment s
 where exists (select from vehicle v where v.vehicle_id = s.vehicle_id);

create view matched_path_seen with (security_barrier) as
select p.vehicle_id, p.day, p.map_version, p.pieces, p.edges, p.geometry, p.speeds
  from matched_path p
 where exists (select from vehicle v where v.vehicle_id = p.vehicle_id);

create view trip_seen with (security_barrier) as
select t.from_time, t.to_time, t.length_mm, t.vehicle_id, t.day, t.from_lon_e6, t.from_lat_e6, t.to_lon_e6, t.to_lat_e6,
       t.seq
  from trip t
 where exists (select from vehicle v where v.vehicle_id = t.vehicle_id);

create view stay_seen with (security_barrier) as
select s.from_time, s.to_time, s.vehicle_id, s.day, s.lon_e6, s.lat_e6, s.station_id, s.seq
  from stay s
 where exists (select from vehicle v where v.vehicle_id = s.vehicle_id);

create view stop_passage_seen with (security_barrier) as
select p.vehicle_id, p.day, p.run, p.line_id, p.variant, p.complete, p.stop_seq, p.arrive, p.depart, p.dwell_s, p.quality
  from stop_passage p
 where exists (select from vehicle v where v.vehicle_id = p.vehicle_id);

grant select, insert, update, delete
   on vehicle_day, mileage_segment, matched_path, trip, stay, stop_passage, edge_speed_hour, due_day, match_state, network_version
   to cuntong_ingest;
grant select on vehicle_day_seen, mileage_segment_seen, matched_path_seen, trip_seen, stay_seen, stop_passage_seen
   to cuntong_ingest, cuntong_app;
grant select on edge_speed_hour, due_day, network_version to cuntong_app;
