"""Runs inside an app's sandbox: what an app may try that wants to reach another stage's database, whose name and role it
even knows. Answers all that came of it, as JSON; the test judges."""
import glob
import json
import os
import pathlib
import socket
import subprocess

FIND = ["find", "/", "(", "-path", "/usr", "-o", "-path", "/proc", "-o", "-path", "/sys", ")", "-prune", "-o"]
PSQL = sorted(glob.glob("/usr/lib/postgresql/*/bin/psql"))[-1]


def psql(sql, **variables):
    """As this stage's user in its own database, or as the variables say."""
    return subprocess.run([PSQL, "-qAtX", "-v", "ON_ERROR_STOP=1"], env=dict(os.environ, PGCONNECT_TIMEOUT="5", **variables), input=sql,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


# In its own database, with its own rights. Each must be refused.
STATEMENTS = """
SET ROLE "{other}"
SET ROLE "{owner}"
SET SESSION AUTHORIZATION "{other}"
GRANT "{other}" TO CURRENT_USER
GRANT pg_read_server_files, pg_execute_server_program, pg_read_all_data TO CURRENT_USER
ALTER ROLE "{other}" PASSWORD 'known'
ALTER ROLE "{other}" SET search_path = public
ALTER ROLE CURRENT_USER SUPERUSER
ALTER ROLE CURRENT_USER CREATEROLE CREATEDB
ALTER ROLE CURRENT_USER REPLICATION BYPASSRLS
ALTER ROLE "{own}" RENAME TO "{other}x"
CREATE ROLE more LOGIN
CREATE DATABASE stolen TEMPLATE "{other}"
ALTER DATABASE "{other}" OWNER TO CURRENT_USER
ALTER DATABASE "{own}" RENAME TO "{other}x"
ALTER DATABASE "{other}" SET search_path = public
GRANT CONNECT ON DATABASE "{other}" TO CURRENT_USER
DROP DATABASE "{other}"
DROP OWNED BY "{other}"
REASSIGN OWNED BY "{other}" TO CURRENT_USER
CREATE SCHEMA s AUTHORIZATION "{other}"
SELECT * FROM "{other}".public.kept
SELECT rolpassword FROM pg_authid
SELECT usename, passwd FROM pg_shadow WHERE passwd IS NOT NULL
SELECT * FROM pg_hba_file_rules
SELECT pg_read_file('pg_hba.conf')
SELECT pg_ls_dir('.')
SELECT pg_stat_file('PG_VERSION')
SELECT lo_import('/etc/passwd')
COPY (SELECT 1) TO '/tmp/out'
COPY (SELECT 1) TO PROGRAM 'id'
CREATE TEMP TABLE t (line text); COPY t FROM PROGRAM 'id'
CREATE TEMP TABLE t (line text); COPY t FROM '/etc/passwd'
ALTER SYSTEM SET hba_file = '/tmp/hba'
SELECT pg_reload_conf()
SET data_directory = '/tmp'
ALTER ROLE CURRENT_USER SET session_preload_libraries = '/tmp/x.so'
LOAD '/tmp/x.so'
CREATE EXTENSION dblink
CREATE EXTENSION postgres_fdw
CREATE EXTENSION file_fdw
CREATE EXTENSION adminpack
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw
CREATE FUNCTION run(cstring) RETURNS int AS '/lib/x86_64-linux-gnu/libc.so.6', 'system' LANGUAGE c
CREATE FUNCTION read(text) RETURNS text AS 'pg_read_file' LANGUAGE internal; SELECT read('pg_hba.conf')
CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()
SELECT pg_create_physical_replication_slot('s')
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{other}'
SELECT pg_switch_wal()
CREATE SUBSCRIPTION s CONNECTION 'dbname={other}' PUBLICATION p
CREATE TABLESPACE t LOCATION '/tmp'
""".strip().splitlines()


def logins(own, other, owner):
    """Each must be refused."""
    password, port = os.environ["PGPASSWORD"], os.environ["PGPORT"]
    tried = []
    for user in (own, other, owner, "postgres"):
        for database in (other, "postgres", "template1", own):
            for word in (password, "", user):
                if (user, database, word) != (own, own, password) and not (user == database == own):
                    tried.append({"PGUSER": user, "PGDATABASE": database, "PGPASSWORD": word})
    tried += [{"PGUSER": own, "PGDATABASE": f"dbname={other} replication={how}"} for how in ("database", "true")]
    tried += [{"PGHOST": host, "PGUSER": user, "PGDATABASE": other} for user in (own, other, owner)
              for host in ("/var/run/postgresql", "/tmp", "/run", "::1", "@", f"@/tmp/.s.PGSQL.{port}")]
    for variables in tried:
        yield {"login": variables, "refused": psql("SELECT * FROM kept", **variables).returncode != 0}


def sockets():
    """Every Unix socket of the machine that the kernel names: can it be reached?"""
    paths = {line.split(maxsplit=7)[7].strip() for line in open("/proc/net/unix", encoding="utf8").readlines()[1:]
             if len(line.split(maxsplit=7)) > 7}
    paths |= set(subprocess.run([*FIND, "-type", "s", "-print"], capture_output=True, text=True).stdout.split())
    for path in sorted(paths):
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.settimeout(2)
                one.connect("\0" + path[1:] if path.startswith("@") else path)
                yield path
            except OSError:
                pass


def found():
    """Whatever looks like a login or a key in what can be read; processes, too."""
    places = ["/app", "/tmp", "/etc", "/run", "/var", "/home", "/root", "/srv", "/opt", "/mnt", "/dev/shm",
              *glob.glob("/proc/[0-9]*/environ"), *glob.glob("/proc/[0-9]*/cmdline"), *glob.glob("/proc/[0-9]*/root/data")]
    out = subprocess.run(["grep", "-rhaosE", "postgres(ql)?://[^[:space:][:cntrl:]]+|PG_?PASSWORD=[^[:space:][:cntrl:]]+", *places],
                         stdout=subprocess.PIPE, text=True, errors="replace").stdout
    names = [word for name in ("secret.key", "sluice.db", "pg_hba.conf", "postmaster.pid", ".pgpass") for word in ("-o", "-name", name)]
    keys = subprocess.run([*FIND, "(", *names[1:], ")", "-print"], capture_output=True, text=True).stdout.split()
    return {"logins": sorted(set(out.split())), "keys": keys}


def all_of(other, owner):
    own = os.environ["PGUSER"]
    pathlib.Path("/tmp/hba").write_text("host all all 0.0.0.0/0 trust\n")
    statements = []
    for line in STATEMENTS:
        done = psql(line.format(own=own, other=other, owner=owner) + ";")
        statements.append({"statement": line, "refused": done.returncode != 0, "said": done.stdout.strip()[:200]})
    return json.dumps({
        "own": psql("SELECT id FROM kept").stdout.split(),
        "statements": statements,
        "seen": psql("\\du\n\\l\nSELECT * FROM pg_stat_activity; SELECT * FROM pg_db_role_setting; SELECT * FROM pg_settings;").stdout,
        "logins": list(logins(own, other, owner)),
        "sockets": list(sockets()),
        "found": found(),
    })
