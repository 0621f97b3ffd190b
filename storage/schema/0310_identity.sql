-- One grant an account: a role over a region's subtree, one operator's or all, with the person's own record where there is one.
alter table account drop constraint account_role_check;
alter table account
    add constraint account_role_check check (role in ('regulator', 'platform', 'operator', 'driver', 'passenger', 'shipper', 'finance',
                                                      'station', 'tester', 'guardian', 'admin')),
    add column operator_id int references operator,
    add column person_id int,
    add column unmask boolean not null default false,
    add constraint account_operator_check check (role <> 'operator' or operator_id is not null),
    add constraint account_person_check check (role <> 'driver' or person_id is not null);

-- What proves who somebody is. totp_step: the last 30-second step whose code was taken, so that none is taken twice.
create table account_secret (
    user_id int primary key references account on delete cascade,
    password_hash text,
    password_at timestamptz not null default now(),
    totp_sealed bytea,
    totp_confirmed_at timestamptz,
    totp_step bigint not null default 0
);

insert into account_secret (user_id, password_hash, password_at)
select user_id, password_hash, changed_at from account;

alter table account drop column password_hash;

alter table login_session
    add column kind text not null default 'cookie' check (kind in ('cookie', 'token', 'oidc')),
    add column agent text not null default '';

-- Keys of programs. Only the hash of the secret is kept; scopes are rights of operations/rights.py; region_code and networks narrow.
create table api_key (
    key_id text primary key check (key_id ~ '^[0-9a-f]{16}$'),
    user_id int not null references account on delete cascade,
    name text not null check (length(name) between 1 and 64),
    secret_hash bytea not null,
    scopes text[] not null,
    region_code text check (region_code ~ '^[1-9][0-9]{5}$'),
    networks cidr[] not null default '{}',
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    revoked_at timestamptz,
    used_at timestamptz,
    used_from text
);

create index api_key_user on api_key (user_id, key_id);

-- Whom another provider's login opens.
create table oidc_link (
    issuer text not null,
    subject text not null,
    user_id int not null references account on delete cascade,
    linked_at timestamptz not null,
    primary key (issuer, subject),
    unique (issuer, user_id)
);

grant select, insert, update on account_secret, api_key, oidc_link to cuntong_app;
grant delete on oidc_link to cuntong_app;
revoke delete on account from cuntong_app;

-- Who asks, by the id of a login that only its tokens carry: asked before every request, when no scope is known yet.
create function session_asks(asked uuid)
returns table (user_id int, name text, role text, region_code text, operator_id int, person_id int, unmask boolean, expires_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, public rows 1 as $$
begin
    return query
    select a.user_id, a.name, a.role, a.region_code, a.operator_id, a.person_id, a.unmask, s.expires_at
      from public.login_session s
      join public.account a on a.user_id = s.user_id
     where s.session_id = asked
       and s.revoked_at is null
       and not a.disabled;
end
$$;

-- Who asks, by a key: only for one who holds its secret.
create function key_asks(asked text, hash bytea)
returns table (user_id int, name text, role text, region_code text, operator_id int, person_id int, unmask boolean, expires_at timestamptz,
               scopes text[], key_region text, networks cidr[], used_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, public rows 1 as $$
begin
    return query
    select a.user_id, a.name, a.role, a.region_code, a.operator_id, a.person_id, a.unmask, k.expires_at, k.scopes, k.region_code,
           k.networks, k.used_at
      from public.api_key k
      join public.account a on a.user_id = k.user_id
     where k.key_id = asked
       and k.secret_hash = hash
       and k.revoked_at is null
       and not a.disabled;
end
$$;

revoke execute on function session_asks(uuid), key_asks(text, bytea) from public;
grant execute on function session_asks(uuid), key_asks(text, bytea) to cuntong_app;
