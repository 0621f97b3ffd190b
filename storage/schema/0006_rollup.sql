create table vehicle_hour (
    vehicle_id int not null,
    hour timestamptz not null,
    fixes int not null,
    first_time timestamptz not null,
    last_time timestamptz not null,
    moving_s int not null,
    top_speed_kmh10 smallint not null,
    odometer_first_m int,
    odometer_last_m int,
    live_fixes int not null default 0,
    batch_fixes int not null default 0,
    blind_fixes int not null default 0,
    mqtt_fixes int not null default 0,
    peer_fixes int not null default 0,
    replay_fixes int not null default 0,
    primary key (vehicle_id, hour)
);

create index vehicle_hour_hour on vehicle_hour (hour);

-- how far a periodic task has come
create table watermark (
    task text primary key,
    until timestamptz not null,
    updated_at timestamptz not null default now()
);

-- one row a day and prefecture: the version that counts; path is relative to the archive folder
create table archive_file (
    day date not null,
    region text not null,
    version int not null,
    rows bigint not null,
    keys_hash text not null,
    sha256 text not null,
    path text not null,
    created_at timestamptz not null default now(),
    primary key (day, region)
);

create view vehicle_hour_seen with (security_barrier) as
select h.vehicle_id, h.hour, h.fixes, h.first_time, h.last_time, h.moving_s, h.top_speed_kmh10, h.odometer_first_m,
       h.odometer_last_m, h.live_fixes, h.batch_fixes, h.blind_fixes, h.mqtt_fixes, h.peer_fixes, h.replay_fixes
  from vehicle_hour h
 where exists (select from vehicle v where v.vehicle_id = h.vehicle_id);

grant select, insert, update, delete on vehicle_hour, watermark, archive_file to cuntong_ingest;
grant select on vehicle_hour_seen to cuntong_ingest, cuntong_app;
grant select on archive_file to cuntong_app;
