-- Commands to terminals: who asked, how often a command was put on a link, what came back.

-- attempts: links it was sent on; gateway: the worker that sent it last; answer: the terminal's own reply, as JSON; reason: why it failed
alter table terminal_command
    add column attempts smallint not null default 0,
    add column asked_by text not null default '',
    add column gateway text not null default '',
    add column answer jsonb,
    add column reason text not null default '';

create index terminal_command_sent on terminal_command (sent_at) where state = 'sent';
create index terminal_command_by_terminal on terminal_command (terminal_id, command_id);

grant usage on sequence terminal_command_command_id_seq to cuntong_app, cuntong_ingest;
