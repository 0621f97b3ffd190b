create table outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    dedupe_key text not null unique,
    payload jsonb not null,
    created_at timestamptz not null default now(),
    done_at timestamptz
);

create index outbox_open on outbox (topic, id) where done_at is null;

create table job (
    job_id bigint generated always as identity primary key,
    kind text not null,
    arguments jsonb not null default '{}',
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    progress real not null default 0 check (progress between 0 and 1),
    result jsonb,
    error text,
    asked_by text not null default '',
    created_at timestamptz not null default now(),
    started_at timestamptz,
    seen_at timestamptz,
    done_at timestamptz
);

create index job_open on job (job_id) where state in ('queued', 'running');

grant select, insert, update, delete on outbox, job to cuntong_ingest;
grant select, insert, update on outbox, job to cuntong_app;
