-- an hour in which no fix had a speed has no top speed
alter table vehicle_hour alter column top_speed_kmh10 drop not null;
