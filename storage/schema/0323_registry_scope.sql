-- Who sees what of the registry, and what is told of every change.

create or replace function scope_vehicles() returns int[]
language sql
stable
security definer
set search_path = public, pg_temp
as $$
select case when scope_role() = 'driver'
            then coalesce((select array_agg(distinct d.vehicle_id)
                             from vehicle_driver d
                            where d.driver_id = scope_person()
                              and d.valid_from <= now()
                              and (d.valid_to is null or d.valid_to > now())), '{}')
       end
$$;

grant select, insert, update, delete on driver, vehicle_driver, permit, school, authority, company, staff, person, student to cuntong_app;

do $$
declare
    thing text;
begin
    foreach thing in array array['driver', 'vehicle_driver', 'permit', 'school', 'authority', 'company', 'staff', 'person', 'student'] loop
        execute format('alter table %I enable row level security', thing);
    end loop;
end
$$;

create policy driver_app on driver to cuntong_app
    using (case when (select scope_role()) = 'driver' then driver_id = (select scope_person())
                when (select scope_role()) in ('passenger', 'shipper', 'guardian') then false
                else starts_with(coalesce(region_code, ''), (select scope_area()))
                     and ((select scope_operator()) is null or operator_id = (select scope_operator())) end)
    with check ((select scope_role()) not in ('driver', 'passenger', 'shipper', 'guardian')
                and starts_with(coalesce(region_code, ''), (select scope_area()))
                and ((select scope_operator()) is null or operator_id = (select scope_operator())));

create policy vehicle_driver_app on vehicle_driver to cuntong_app
    using (exists (select from vehicle v where v.vehicle_id = vehicle_driver.vehicle_id)
           and exists (select from driver d where d.driver_id = vehicle_driver.driver_id))
    with check ((select scope_writes())
                and exists (select from vehicle v where v.vehicle_id = vehicle_driver.vehicle_id)
                and exists (select from driver d where d.driver_id = vehicle_driver.driver_id));

create policy permit_app on permit to cuntong_app
    using ((select scope_role()) not in ('passenger', 'shipper', 'guardian')
           and case when vehicle_id is not null then exists (select from vehicle v where v.vehicle_id = permit.vehicle_id)
                    when driver_id is not null then exists (select from driver d where d.driver_id = permit.driver_id)
                    when line_id is not null then exists (select from line l where l.line_id = permit.line_id)
                    else exists (select from operator o where o.operator_id = permit.operator_id) end)
    with check ((select scope_role()) not in ('driver', 'passenger', 'shipper', 'guardian')
                and case when vehicle_id is not null then exists (select from vehicle v where v.vehicle_id = permit.vehicle_id)
                         when driver_id is not null then exists (select from driver d where d.driver_id = permit.driver_id)
                         when line_id is not null then exists (select from line l where l.line_id = permit.line_id)
                         else exists (select from operator o where o.operator_id = permit.operator_id) end);

create policy school_app on school to cuntong_app
    using (starts_with(coalesce(region_code, ''), (select scope_area())))
    with check ((select scope_role()) not in ('driver', 'passenger', 'shipper', 'guardian', 'operator')
                and starts_with(coalesce(region_code, ''), (select scope_area())));

create policy authority_app on authority to cuntong_app
    using (starts_with(coalesce(region_code, ''), (select scope_area())))
    with check ((select scope_role()) in ('admin', 'platform', 'regulator', 'service')
                and starts_with(coalesce(region_code, ''), (select scope_area())));

create policy company_app on company to cuntong_app
    using (starts_with(coalesce(region_code, ''), (select scope_area())) and (select scope_operator()) is null)
    with check ((select scope_role()) in ('admin', 'platform', 'regulator', 'service')
                and starts_with(coalesce(region_code, ''), (select scope_area())));

create policy staff_app on staff to cuntong_app
    using ((select scope_role()) not in ('driver', 'passenger', 'shipper', 'guardian')
           and starts_with(coalesce(region_code, ''), (select scope_area()))
           and ((select scope_operator()) is null or operator_id = (select scope_operator())))
    with check ((select scope_role()) not in ('driver', 'passenger', 'shipper', 'guardian')
                and starts_with(coalesce(region_code, ''), (select scope_area()))
                and ((select scope_operator()) is null or operator_id = (select scope_operator())));

-- students, passengers, guardians: themselves, and the roles that need them
create policy person_app on person to cuntong_app
    using (case when (select scope_role()) in ('passenger', 'shipper', 'guardian') then person_id = (select scope_person())
                else (select scope_role()) in ('admin', 'platform', 'service')
                     and starts_with(coalesce(region_code, ''), (select scope_area())) end)
    with check ((select scope_role()) in ('admin', 'platform', 'service')
                and starts_with(coalesce(region_code, ''), (select scope_area())));

create policy student_app on student to cuntong_app
    using (case when (select scope_role()) = 'guardian' then guardian_person_id = (select scope_person())
                else (select scope_role()) in ('admin', 'platform', 'regulator', 'service')
                     and starts_with(coalesce(region_code, ''), (select scope_area())) end)
    with check ((select scope_role()) in ('admin', 'platform', 'service')
                and starts_with(coalesce(region_code, ''), (select scope_area())));

drop trigger operator_audit on operator;
drop trigger station_audit on station;

do $$
declare
    told record;
begin
    for told in
        select * from (values
            ('operator', 'operator_id', 'contact_phone_sealed,contact_phone_index'),
            ('station', 'station_id', 'contact_phone_sealed,contact_phone_index'),
            ('driver', 'driver_id', 'identity_card_sealed,identity_card_index,licence_number_sealed,licence_number_index,phone_sealed,phone_index,address_sealed,address_index'),
            ('vehicle_driver', 'vehicle_id', ''),
            ('permit', 'permit_id', ''),
            ('school', 'school_id', 'contact_phone_sealed,contact_phone_index'),
            ('authority', 'authority_id', 'contact_phone_sealed,contact_phone_index'),
            ('company', 'company_id', 'contact_phone_sealed,contact_phone_index'),
            ('staff', 'staff_id', 'phone_sealed,phone_index'),
            ('person', 'person_id', 'name_sealed,name_index,phone_sealed,phone_index,identity_card_sealed,identity_card_index,address_sealed,address_index,emergency_name_sealed,emergency_name_index,emergency_phone_sealed,emergency_phone_index'),
            ('student', 'student_id', 'name_sealed,name_index,address_sealed,address_index,guardian_name_sealed,guardian_name_index,guardian_phone_sealed,guardian_phone_index,head_teacher_phone_sealed,head_teacher_phone_index')
        ) as t (thing, key, hidden)
    loop
        execute format('create trigger %1$s_audit after insert or update or delete on %1$I
                            for each row execute function audit_row(''registry'', %2$L, %3$L)', told.thing, told.key, told.hidden);
    end loop;
end
$$;

-- plans made while a table was short must not be scans when 100,000 rows come in one transaction
alter function registry_bind(text, int, timestamptz) set enable_seqscan = off;

-- who sees an entity sees what was done to it, whoever did it: its history. Deleted entities have none left to see.
create policy audit_registry_app on audit for select to cuntong_app
    using (stream = 'registry' and (select scope_role()) in ('regulator', 'platform', 'operator', 'admin')
           and case split_part(object, ':', 1)
                   when 'vehicle' then exists (select from vehicle t where t.vehicle_id = split_part(object, ':', 2)::int)
                   when 'driver' then exists (select from driver t where t.driver_id = split_part(object, ':', 2)::int)
                   when 'terminal' then exists (select from terminal t where t.terminal_id = split_part(object, ':', 2))
                   when 'operator' then exists (select from operator t where t.operator_id = split_part(object, ':', 2)::int)
                   when 'permit' then exists (select from permit t where t.permit_id = split_part(object, ':', 2)::int)
                   when 'staff' then exists (select from staff t where t.staff_id = split_part(object, ':', 2)::int)
                   when 'student' then exists (select from student t where t.student_id = split_part(object, ':', 2)::int)
                   when 'person' then exists (select from person t where t.person_id = split_part(object, ':', 2)::int)
                   else split_part(object, ':', 1) in ('line', 'station', 'school', 'authority', 'company')
               end);
