-- Webhooks: who wants to be told what, and what was told. An event is a row of the outbox, topic `webhook`, written with the change it
-- tells of and only while somebody asks for it; the worker turns it into one delivery a webhook whose owner may see what it is about.
create table webhook (
    webhook_id bigint generated always as identity primary key,
    user_id int not null references account on delete cascade,
    url text not null,
    -- "alert.opened", "alert.*", "*"
    topics text[] not null,
    description text not null default '',
    secret_sealed bytea not null,
    active boolean not null default true,
    -- whose eyes choose the events: the owner's when it was made
    role text not null,
    region_code text not null,
    operator_id int,
    person_id int,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now()
);

create index webhook_user on webhook (user_id);

create table webhook_delivery (
    delivery_id uuid primary key default gen_random_uuid(),
    webhook_id bigint not null references webhook on delete cascade,
    -- id of the outbox row; deliveries of a webhook go out in this order
    event_id bigint not null,
    topic text not null,
    body text not null,
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'parked')),
    attempts int not null default 0,
    next_at timestamptz not null default now(),
    -- tried until then, parked after
    until timestamptz not null default now() + interval '24 hours',
    created_at timestamptz not null default now(),
    done_at timestamptz,
    status int,
    error text,
    unique (webhook_id, event_id)
);

create index webhook_delivery_waiting on webhook_delivery (webhook_id, event_id) where state = 'waiting';
create index webhook_delivery_done on webhook_delivery (done_at) where state <> 'waiting';

-- vehicles that were heard of lately; who comes and goes is told as vehicle.online and vehicle.offline
-- vehicles that were on line at the last look; vehicle 0, which is nobody's number, says that there was one
create table vehicle_online (
    vehicle_id int primary key,
    since timestamptz not null default now()
);

create function webhook_wants(patterns text[], the_topic text) returns boolean
language sql immutable parallel safe
as $$
select coalesce(bool_or(p = '*' or p = the_topic or (right(p, 2) = '.*' and starts_with(the_topic, left(p, -1)))), false)
  from unnest(patterns) as p
$$;

create function tell_webhooks(the_topic text, the_object text, told jsonb) returns void
language plpgsql security definer
set search_path = public, pg_temp
as $$
begin
    if exists (select from webhook w where w.active and webhook_wants(w.topics, the_topic)) then
        insert into outbox (topic, dedupe_key, payload)
        values ('webhook', 'webhook:' || gen_random_uuid(),
                jsonb_build_object('topic', the_topic, 'object', the_object, 'at', clock_timestamp(), 'data', told));
    end if;
end
$$;

-- arguments: the word of the event after "registry.", the key column. Only the key and what scopes it are told
create function tell_registry() returns trigger
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
    was jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
begin
    perform tell_webhooks('registry.' || tg_argv[0], was ->> tg_argv[1], jsonb_build_object(
        'kind', tg_argv[0], 'id', was -> tg_argv[1], 'change', lower(tg_op), 'region_code', was -> 'region_code',
        'operator_id', was -> 'operator_id'));
    return null;
end
$$;

create trigger vehicle_told after insert or update or delete on vehicle
    for each row execute function tell_registry('vehicle', 'vehicle_id');
create trigger operator_told after insert or update or delete on operator
    for each row execute function tell_registry('operator', 'operator_id');
create trigger terminal_told after insert or update or delete on terminal
    for each row execute function tell_registry('terminal', 'terminal_id');
create trigger line_told after insert or update or delete on line
    for each row execute function tell_registry('line', 'line_id');
create trigger station_told after insert or update or delete on station
    for each row execute function tell_registry('station', 'station_id');

create trigger webhook_changed before insert or update on webhook
    for each row execute function mark_changed();
create trigger webhook_audit after insert or update or delete on webhook
    for each row execute function audit_row('webhook', 'webhook_id', 'secret_sealed');

alter table webhook enable row level security;
create policy webhook_app on webhook to cuntong_app
    using ((select scope_role()) = 'service' or user_id = (select scope_user())
           or ((select scope_role()) = 'admin' and exists (select from account a where a.user_id = webhook.user_id)))
    with check ((select scope_role()) = 'service' or user_id = (select scope_user())
           or ((select scope_role()) = 'admin' and exists (select from account a where a.user_id = webhook.user_id)));

alter table webhook_delivery enable row level security;
create policy webhook_delivery_app on webhook_delivery to cuntong_app
    using (exists (select from webhook w where w.webhook_id = webhook_delivery.webhook_id))
    with check (exists (select from webhook w where w.webhook_id = webhook_delivery.webhook_id));

alter table vehicle_online enable row level security;
create policy vehicle_online_app on vehicle_online to cuntong_app
    using ((select scope_role()) = 'service') with check ((select scope_role()) = 'service');

grant select, insert, update, delete on webhook, webhook_delivery, vehicle_online to cuntong_app;
grant delete on outbox to cuntong_app;
grant usage on sequence outbox_id_seq to cuntong_app;
