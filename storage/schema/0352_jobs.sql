-- Jobs run as who asked for them: the row keeps what that person could see when asking, stamped by the database.
alter table job
    add column user_id int,
    add column role text,
    add column region_code text,
    add column operator_id int,
    add column person_id int,
    add column address text not null default '',
    add column trace_id text not null default '',
    -- of the worker that runs it: one that was taken for dead may not write any more
    add column token uuid,
    add column attempts int not null default 0,
    add column cancel_asked boolean not null default false,
    -- when its files are removed
    add column expires_at timestamptz;

drop index job_open;
create index job_open on job (job_id) where state in ('queued', 'running');
create index job_user on job (user_id, job_id);
create index job_expires on job (expires_at) where expires_at is not null;

create function stamp_job() returns trigger
language plpgsql
as $$
begin
    if scope_bound() and scope_role() <> 'service' then
        new.user_id := scope_user();
        new.role := scope_role();
        new.region_code := current_setting('cuntong.region', true);
        new.operator_id := nullif(current_setting('cuntong.operator', true), '')::int;
        new.person_id := scope_person();
        new.asked_by := coalesce(current_setting('cuntong.actor', true), '');
        new.address := coalesce(current_setting('cuntong.address', true), '');
        new.trace_id := coalesce(current_setting('cuntong.trace', true), '');
    end if;
    return new;
end
$$;

create trigger job_stamp before insert on job
    for each row execute function stamp_job();

create function tell_job() returns trigger
language plpgsql security definer
set search_path = public, pg_temp
as $$
begin
    perform tell_webhooks('job.' || new.state, new.job_id::text, jsonb_build_object(
        'job_id', new.job_id, 'kind', new.kind, 'state', new.state, 'error', new.error, 'user_id', new.user_id));
    return null;
end
$$;

create trigger job_told after update of state on job
    for each row when (new.state is distinct from old.state) execute function tell_job();

drop policy job_app on job;
create policy job_app on job to cuntong_app
    using ((select scope_role()) = 'service' or user_id = (select scope_user())
           or ((select scope_role()) = 'admin' and exists (select from account a where a.user_id = job.user_id)))
    with check ((select scope_role()) = 'service' or user_id = (select scope_user())
           or ((select scope_role()) = 'admin' and exists (select from account a where a.user_id = job.user_id)));
