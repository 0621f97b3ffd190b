-- A region's code with its dates: a rename, a new outline or a merge closes a row and begins another; nothing is written over.
-- also_levels: further levels that one code serves (a city without counties is its own county). verified: the outline was compared with known
-- boundaries; boundary_m: how far it lies from them at the median. successor_code: who took the code's area over when it ended.
alter table region drop constraint region_pkey;
alter table region add primary key (region_code, valid_from);
alter table region add constraint region_dates check (valid_to is null or valid_to > valid_from);
alter table region add column also_levels text[] not null default '{}';
alter table region add column version text not null default '';
alter table region add column verified boolean not null default false;
alter table region add column boundary_m real;
alter table region add column successor_code text;
alter table region add column outline_sha256 bytea;
alter table region add column changed_at timestamptz not null default clock_timestamp();
create unique index region_open on region (region_code) where valid_to is null;

-- A code holds on one row at a time.
create function region_alone() returns trigger language plpgsql as $$
begin
    if exists (
        select from region r
         where r.region_code = new.region_code
           and r.valid_from <> new.valid_from
           and daterange(r.valid_from, r.valid_to) && daterange(new.valid_from, new.valid_to)
    ) then
        raise exclusion_violation using message = format('region %s holds twice on a day', new.region_code);
    end if;
    new.changed_at := clock_timestamp();
    return new;
end
$$;
create trigger region_alone before insert or update on region for each row execute function region_alone();

-- Whoever keeps outlines in memory hears that they changed.
create function region_told() returns trigger language plpgsql as $$
begin
    notify cuntong_regions;
    return null;
end
$$;
create trigger region_told after insert or update or delete on region for each statement execute function region_told();
