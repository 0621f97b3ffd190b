-- The life cycle of registered things: draft, submitted, reviewed, active, and what ends it. Four eyes are kept here, whoever writes.

create function registry_act(before text, after text) returns text
language sql
immutable
as $$
select act
  from (values ('submit', 'unregistered', 'submitted'), ('submit', 'draft', 'submitted'), ('submit', 'returned', 'submitted'),
               ('withdraw', 'submitted', 'draft'),
               ('review', 'submitted', 'reviewed'),
               ('return', 'submitted', 'returned'), ('return', 'reviewed', 'returned'),
               ('approve', 'reviewed', 'active'),
               ('suspend', 'active', 'suspended'), ('resume', 'suspended', 'active'),
               ('expire', 'active', 'expired'), ('expire', 'suspended', 'expired'),
               ('revoke', 'draft', 'revoked'), ('revoke', 'returned', 'revoked'), ('revoke', 'unregistered', 'revoked'),
               ('revoke', 'active', 'revoked'), ('revoke', 'suspended', 'revoked'), ('revoke', 'expired', 'revoked'),
               ('restore', 'revoked', 'draft')) as step (act, f, t)
 where f = before
   and t = after
$$;

-- columns that are not what a person asserts of the thing, but what became of it
create function registry_said(thing jsonb) returns jsonb
language sql
immutable
as $$
select thing - array['changed_at', 'standing', 'standing_reason', 'standing_at', 'edited_by', 'submitted_by', 'reviewed_by',
                     'approved_by', 'approved_at', 'state', 'generation', 'line_id', 'vehicle_id']
$$;

create function registry_guard() returns trigger
language plpgsql
as $$
declare
    person boolean := scope_bound() and coalesce(scope_role(), '') <> 'service';
    asker int := scope_user();
    act text;
begin
    if tg_op = 'INSERT' then
        new.edited_by := asker;
        if person then
            new.standing := 'draft';
            new.submitted_by := null;
            new.reviewed_by := null;
            new.approved_by := null;
            new.approved_at := null;
        elsif new.standing = 'active' then
            new.approved_at := coalesce(new.approved_at, clock_timestamp());
        end if;
        return new;
    end if;
    if not person then
        if new.standing <> old.standing then
            new.standing_at := clock_timestamp();
            if new.standing = 'active' then
                new.approved_at := coalesce(new.approved_at, clock_timestamp());
            end if;
        end if;
        return new;
    end if;
    new.edited_by := old.edited_by;
    new.submitted_by := old.submitted_by;
    new.reviewed_by := old.reviewed_by;
    new.approved_by := old.approved_by;
    new.approved_at := old.approved_at;
    if registry_said(to_jsonb(new)) <> registry_said(to_jsonb(old)) then
        if new.standing <> old.standing or old.standing in ('submitted', 'reviewed', 'revoked') then
            raise exception 'a % thing is not edited', old.standing using errcode = 'check_violation', constraint = 'registry_standing';
        end if;
        new.edited_by := asker;
        if old.standing <> 'returned' then
            new.standing := 'draft';
        end if;
        new.submitted_by := null;
        new.reviewed_by := null;
        new.approved_by := null;
    elsif new.standing <> old.standing then
        act := registry_act(old.standing, new.standing);
        if act is null then
            raise exception 'nothing leads from % to %', old.standing, new.standing
                using errcode = 'check_violation', constraint = 'registry_standing';
        elsif act in ('review', 'approve') and (asker is null or asker in (old.edited_by, old.submitted_by)
                                                or (act = 'approve' and asker = old.reviewed_by)) then
            raise exception 'who says % must be another person than those before', act
                using errcode = 'check_violation', constraint = 'registry_four_eyes';
        elsif act = 'submit' then
            new.submitted_by := asker;
            new.reviewed_by := null;
            new.approved_by := null;
        elsif act = 'review' then
            new.reviewed_by := asker;
        elsif act = 'approve' then
            new.approved_by := asker;
            new.approved_at := clock_timestamp();
        end if;
    end if;
    if new.standing <> old.standing then
        new.standing_at := clock_timestamp();
    end if;
    return new;
end
$$;

-- vehicle and terminal: what the gateway and the map know (state) follows the standing; who still writes the state moves the standing
create function registry_state() returns trigger
language plpgsql
as $$
declare
    person boolean := scope_bound() and coalesce(scope_role(), '') <> 'service';
begin
    if not person and new.state is distinct from (case when tg_op = 'UPDATE' then old.state else 'unregistered' end)
       and (tg_op = 'INSERT' or new.standing = old.standing) then
        new.standing := case new.state when 'registered' then 'active' else new.state end;
        new.standing_at := clock_timestamp();
        if new.state = 'registered' then
            new.approved_at := coalesce(new.approved_at, clock_timestamp());
        end if;
    end if;
    new.state := case when new.standing = 'revoked' then 'revoked'
                      when new.standing = 'unregistered' or new.approved_at is null then 'unregistered'
                      else 'registered' end;
    if tg_table_name = 'terminal' and tg_op = 'UPDATE' then
        if new.state = 'revoked' and old.state <> 'revoked' and new.generation = old.generation then
            new.generation := old.generation + 1;  -- its auth code is worth nothing from now on, also after it is restored
            new.given_code := null;
        end if;
    end if;
    return new;
end
$$;

do $$
declare
    thing text;
    begins text;
begin
    foreach thing in array array['operator', 'vehicle', 'driver', 'terminal', 'line', 'station', 'permit', 'school', 'authority', 'company',
                                 'staff', 'person', 'student'] loop
        begins := case when thing in ('vehicle', 'terminal') then 'unregistered'
                       when thing in ('line', 'station', 'operator') then 'active'
                       else 'draft' end;
        execute format(
            'alter table %1$I
                 add column standing text not null default %2$L check (standing in (''unregistered'', ''draft'', ''submitted'', ''returned'',
                     ''reviewed'', ''active'', ''suspended'', ''expired'', ''revoked'')),
                 add column standing_reason text,
                 add column standing_at timestamptz not null default now(),
                 add column edited_by int,
                 add column submitted_by int,
                 add column reviewed_by int,
                 add column approved_by int,
                 add column approved_at timestamptz,
                 add constraint %1$s_four_eyes check (reviewed_by <> submitted_by and approved_by <> submitted_by
                                                      and approved_by <> reviewed_by)', thing, begins);
        execute format('create trigger %1$s_guard before insert or update on %1$I for each row execute function registry_guard()', thing);
        if thing not in ('operator', 'vehicle', 'terminal', 'line', 'station') then
            execute format('create trigger %1$s_changed before insert or update on %1$I for each row execute function mark_changed()', thing);
        end if;
    end loop;
end
$$;

update vehicle set standing = case state when 'registered' then 'active' else state end;
update terminal set standing = case state when 'registered' then 'active' else state end;

-- fires after vehicle_guard: triggers go by name
create trigger vehicle_state before insert or update on vehicle
    for each row execute function registry_state();
create trigger terminal_state before insert or update on terminal
    for each row execute function registry_state();

-- Bind a terminal to a vehicle for who asks; one that is not there yet is made. Runs as the owner, for an operator may not see a terminal
-- that rides nowhere: the vehicle, and the one that the terminal leaves, must be in the asker's scope.
create function registry_bind(the_terminal text, the_vehicle int, at timestamptz) returns void
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
    known terminal%rowtype;
begin
    if not scope_writes() or not exists (select from vehicle_in_scope v where v.vehicle_id = the_vehicle) then
        raise exception 'vehicle % is not yours to bind', the_vehicle using errcode = 'insufficient_privilege';
    end if;
    select t.* into known from terminal t where t.terminal_id = the_terminal for update;
    if not found then
        insert into terminal (terminal_id, region_code)
        select the_terminal, v.region_code from vehicle v where v.vehicle_id = the_vehicle
        returning * into known;
    elsif known.state = 'revoked' then
        raise exception 'terminal % is revoked: restore it first', the_terminal
            using errcode = 'check_violation', constraint = 'registry_standing';
    elsif known.vehicle_id = the_vehicle then
        return;
    elsif known.vehicle_id is not null and not exists (select from vehicle_in_scope v where v.vehicle_id = known.vehicle_id) then
        raise exception 'terminal % is another office''s', the_terminal using errcode = 'insufficient_privilege';
    elsif known.vehicle_id is null and not starts_with(coalesce(known.region_code, scope_area(), ''), scope_area()) then
        raise exception 'terminal % is another office''s', the_terminal using errcode = 'insufficient_privilege';
    end if;
    perform bind_terminal(the_terminal, the_vehicle, greatest(
        at,
        (select max(b.bound_from) + interval '1 microsecond' from terminal_binding b where b.terminal_id = the_terminal),
        (select max(b.bound_from) + interval '1 microsecond' from terminal_binding b where b.vehicle_id = the_vehicle)));
end
$$;

revoke execute on function registry_bind(text, int, timestamptz) from public;
grant execute on function registry_bind(text, int, timestamptz) to cuntong_app;
