-- Who sees and changes what of identity. Administrators: accounts of their region, and of their operator where they have one.
drop policy account_app on account;
drop policy account_app_write on account;

create policy account_app on account for select to cuntong_app
    using ((select scope_role()) = 'service'
           or user_id = (select scope_user())
           or ((select scope_role()) = 'admin' and starts_with(region_code, (select scope_area()))
               and ((select scope_operator()) is null or operator_id = (select scope_operator()))));
create policy account_app_write on account to cuntong_app
    using ((select scope_role()) = 'service'
           or ((select scope_role()) = 'admin' and starts_with(region_code, (select scope_area()))
               and ((select scope_operator()) is null or operator_id = (select scope_operator()))));

-- Secrets: the process that checks them, and the person; an administrator gives the first one and sees none.
alter table account_secret enable row level security;
create policy t_app on account_secret to cuntong_app
    using ((select scope_role()) = 'service' or user_id = (select scope_user()))
    with check ((select scope_role()) = 'service' or user_id = (select scope_user()));

create policy t_app_made on account_secret for insert to cuntong_app
    with check ((select scope_role()) = 'admin' and exists (select from account a where a.user_id = account_secret.user_id));

-- A person's wrong codes are counted in the person's own transactions too.
drop policy login_failure_app on login_failure;
create policy t_app on login_failure to cuntong_app
    using ((select scope_role()) = 'service' or subject = 'code:' || (select scope_user()))
    with check ((select scope_role()) = 'service' or subject = 'code:' || (select scope_user()));

alter table api_key enable row level security;
create policy t_app on api_key to cuntong_app
    using (exists (select from account a where a.user_id = api_key.user_id))
    with check (exists (select from account a where a.user_id = api_key.user_id));

alter table oidc_link enable row level security;
create policy t_app on oidc_link to cuntong_app
    using (exists (select from account a where a.user_id = oidc_link.user_id))
    with check ((select scope_role()) = 'service');

create trigger api_key_audit after insert or delete or update of revoked_at, scopes, region_code, networks, expires_at on api_key
    for each row execute function audit_row('identity', 'key_id', 'secret_hash,used_at,used_from');
create trigger oidc_link_audit after insert or update or delete on oidc_link
    for each row execute function audit_row('identity', 'user_id', '');
