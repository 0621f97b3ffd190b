-- Newest registration binds the plate. Called with what a 0x0100 says, or with an empty plate for a terminal that only reports.
-- Returns the vehicle of the terminal; null only for a revoked terminal without one. Saying the same again changes nothing, and an
-- older registration (a log read again) never takes a plate from a newer one.
create function bind_terminal(the_terminal text, the_vehicle int, at timestamptz) returns void
language plpgsql
as $$
begin
    update terminal_binding
       set bound_to = greatest(at, bound_from)
     where bound_to is null
       and (terminal_id = the_terminal or vehicle_id = the_vehicle);
    update terminal
       set vehicle_id = null
     where vehicle_id = the_vehicle
       and terminal_id <> the_terminal;
    update terminal
       set vehicle_id = the_vehicle
     where terminal_id = the_terminal;
    insert into terminal_binding (terminal_id, vehicle_id, plate, plate_colour, bound_from)
    select the_terminal, vehicle_id, plate, plate_colour, at
      from vehicle
     where vehicle_id = the_vehicle
        on conflict (terminal_id, bound_from)
        do update set vehicle_id = excluded.vehicle_id,
                      plate = excluded.plate,
                      plate_colour = excluded.plate_colour,
                      bound_to = null;
end
$$;

create function admit_terminal(
    terminal_id text,
    plate text,
    plate_colour smallint,
    maker text,
    model text,
    terminal_code text,
    province int,
    city int,
    at timestamptz
) returns int
language plpgsql
security definer
set search_path = public, pg_temp
-- a session keeps the plans it made while the tables were empty: never let those be scans
set enable_seqscan = off
as $$
declare
    the_key text := coalesce(nullif(ltrim(admit_terminal.terminal_id, '0'), ''), '0');
    the_plate text := nullif(upper(btrim(admit_terminal.plate)), '');
    the_colour smallint := coalesce(admit_terminal.plate_colour, 0);
    the_region text := case when province between 1 and 99 and city between 0 and 9999
                            then to_char(province, 'fm00') || to_char(city, 'fm0000') end;
    known terminal%rowtype;
    own vehicle%rowtype;
    other vehicle%rowtype;
begin
    perform pg_advisory_xact_lock(hashtext('cuntong.admit'));
    select * into known from terminal t where t.terminal_id = the_key;
    if not found then
        insert into terminal (terminal_id) values (the_key) returning * into known;
    end if;
    if known.state = 'revoked' then
        return known.vehicle_id;
    end if;
    update terminal t
       set maker = coalesce(nullif(admit_terminal.maker, ''), t.maker),
           model = coalesce(nullif(admit_terminal.model, ''), t.model),
           terminal_code = coalesce(nullif(admit_terminal.terminal_code, ''), t.terminal_code),
           region_code = coalesce(the_region, t.region_code)
     where t.terminal_id = the_key
       and (coalesce(nullif(admit_terminal.maker, ''), t.maker), coalesce(nullif(admit_terminal.model, ''), t.model),
            coalesce(nullif(admit_terminal.terminal_code, ''), t.terminal_code), coalesce(the_region, t.region_code))
           is distinct from (t.maker, t.model, t.terminal_code, t.region_code);
    select * into own from vehicle v where v.vehicle_id = known.vehicle_id;
    if own.vehicle_id is not null
       and (the_plate is null or (own.plate = the_plate and own.plate_colour = the_colour)) then
        return own.vehicle_id;
    end if;
    if own.vehicle_id is not null and exists (
        select from terminal_binding b
         where b.terminal_id = the_key and b.bound_to is null and b.bound_from > at and own.plate is not null) then
        return own.vehicle_id;
    end if;
    if the_plate is not null then
        select * into other from vehicle v where v.plate = the_plate and v.plate_colour = the_colour;
        if other.vehicle_id is not null and exists (
            select from terminal_binding b
             where b.vehicle_id = other.vehicle_id and b.bound_to is null and b.bound_from > at) then
            the_plate := null;
            if own.vehicle_id is not null then
                return own.vehicle_id;
            end if;
        elsif other.vehicle_id is not null then
            perform bind_terminal(the_key, other.vehicle_id, at);
            return other.vehicle_id;
        elsif own.vehicle_id is not null and own.plate is null then
            update vehicle v
               set plate = the_plate, plate_colour = the_colour, region_code = coalesce(v.region_code, the_region)
             where v.vehicle_id = own.vehicle_id;
            perform bind_terminal(the_key, own.vehicle_id, at);
            return own.vehicle_id;
        end if;
    end if;
    insert into vehicle (plate, plate_colour, region_code)
    values (the_plate, case when the_plate is not null then the_colour end, the_region)
    returning * into own;
    perform bind_terminal(the_key, own.vehicle_id, at);
    return own.vehicle_id;
end
$$;

revoke execute on function bind_terminal(text, int, timestamptz) from public;
revoke execute on function admit_terminal(text, text, smallint, text, text, text, int, int, timestamptz) from public;
grant execute on function admit_terminal(text, text, smallint, text, text, text, int, int, timestamptz) to cuntong_ingest;
-- registry edits by screens
grant execute on function bind_terminal(text, int, timestamptz) to cuntong_app;
