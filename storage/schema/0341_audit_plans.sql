-- a session keeps the plans that it made while the log was short: never let those be scans, or many rows at once take quadratic time
alter function audit_put(text, text, text, text) set enable_seqscan = off;
alter function audit_note_head() set enable_seqscan = off;
