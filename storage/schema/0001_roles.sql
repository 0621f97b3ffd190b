-- Roles belong to the whole server: another database of it may have made them, even at this moment.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['cuntong_ingest', 'cuntong_app'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception
            when duplicate_object or unique_violation then
                null;
        end;
        if not pg_has_role(current_user, wanted, 'member') then
            execute format('grant %I to %I', wanted, current_user);
        end if;
    end loop;
end
$$;
