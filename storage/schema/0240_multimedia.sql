-- Pictures, sounds and films of terminals: one row an upload, the bytes in a file under their sha256.

-- sha256: of the bytes, and part of the key, for terminals count media_id from 0 again after a restart; path: under the media folder, null while
-- the file could not be written: then `data` holds the bytes; taken_at, lon_e6, lat_e6: where recording began, null when the terminal did not know
create table multimedia (
    terminal_id text not null,
    media_id bigint not null,
    sha256 text not null,
    vehicle_id int references vehicle,
    received timestamptz not null,
    taken_at timestamptz,
    lon_e6 int,
    lat_e6 int,
    media_type smallint not null,
    media_format smallint not null,
    event smallint not null,
    channel smallint not null,
    size int not null,
    path text,
    data bytea,
    primary key (terminal_id, media_id, sha256),
    check ((path is null) = (data is not null))
);

create index multimedia_vehicle on multimedia (vehicle_id, received desc);
create index multimedia_in_table on multimedia (received) where path is null;

-- what terminals say they have recorded, also where the data never comes
create table multimedia_event (
    log_id text not null,
    position bigint not null,
    terminal_id text not null,
    vehicle_id int references vehicle,
    received timestamptz not null,
    media_id bigint not null,
    media_type smallint not null,
    media_format smallint not null,
    event smallint not null,
    channel smallint not null,
    primary key (log_id, position)
);

create index multimedia_event_vehicle on multimedia_event (vehicle_id, received desc);

grant select, insert, update, delete on multimedia, multimedia_event to cuntong_ingest;
grant select on multimedia, multimedia_event to cuntong_app;
