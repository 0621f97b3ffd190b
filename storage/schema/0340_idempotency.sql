-- Answers under the keys that clients chose (Idempotency-Key), for 24 hours; body: JSON, '' only inside the transaction that does the work
create table idempotency (
    user_id int not null,
    key text not null,
    fingerprint bytea not null,
    body text not null default '',
    created_at timestamptz not null default now(),
    primary key (user_id, key)
);

alter table idempotency enable row level security;
create policy idempotency_app on idempotency to cuntong_app
    using (user_id = (select scope_user()))
    with check (user_id = (select scope_user()));

grant select, insert, update, delete on idempotency to cuntong_app;
