#!/bin/sh
# Creates the roles and the console's database, as PostgreSQL's superuser. Compose runs it when the volume is empty. It
# may be run again: it keeps what is there, sets the passwords and grants what is missing.
#
#   console      owns the tables and migrates them
#   console_app  is the role of the web server, the workers and the commands: it reads and writes rows, and no more.
#                It cannot empty a table, or remove a trigger that protects what was written
#   temporal     owns Temporal's databases; only where TEMPORAL_DB_PASSWORD is given
set -eu
psql --username=postgres --dbname=postgres --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
    --set=owner_password="${CONSOLE_DB_PASSWORD:?}" --set=app_password="${CONSOLE_APP_DB_PASSWORD:?}" \
    --set=temporal_password="${TEMPORAL_DB_PASSWORD:-}" <<'SQL'
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['console', 'console_app']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE console LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE console_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
-- The console limits its own transactions; this is for a person at psql who forgets one.
ALTER ROLE console SET idle_in_transaction_session_timeout = '5min';
ALTER ROLE console_app SET idle_in_transaction_session_timeout = '5min';
SELECT 'CREATE DATABASE console OWNER console'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'console') \gexec
REVOKE ALL ON DATABASE console FROM PUBLIC;
GRANT CONNECT ON DATABASE console TO console_app;

SELECT :'temporal_password' <> '' AS has_temporal \gset
\if :has_temporal
SELECT 'CREATE ROLE temporal' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'temporal') \gexec
ALTER ROLE temporal LOGIN CREATEDB PASSWORD :'temporal_password';
\endif

\connect console
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO console_app;
GRANT CREATE ON SCHEMA public TO console;
-- The tables that exist, and those that migrations will create.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO console_app;
ALTER DEFAULT PRIVILEGES FOR ROLE console IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO console_app;
SQL
