#include "postgres/settings.h"

#include <fmt/format.h>

namespace sluice::postgres {

std::string render_settings(std::uint16_t port) {
  return fmt::format(R"(# Written anew at every start of Sluice.
hba_file = 'pg_hba.conf'
ident_file = 'pg_ident.conf'

# Relative to the cluster's folder, as the path of a Unix socket has at most 107 bytes.
unix_socket_directories = '../run'
unix_socket_permissions = 0700
listen_addresses = '127.0.0.1'
port = {}
ssl = off
password_encryption = 'scram-sha-256'
max_connections = 200
superuser_reserved_connections = 5

# Little memory: apps share the machine.
shared_buffers = 32MB
maintenance_work_mem = 32MB
huge_pages = off
jit = off
max_worker_processes = 4
max_parallel_workers_per_gather = 1
max_logical_replication_workers = 0
autovacuum_max_workers = 2

# Nothing acknowledged is lost; nothing replicates from here.
fsync = on
synchronous_commit = on
full_page_writes = on
wal_level = minimal
max_wal_senders = 0
max_wal_size = 256MB
min_wal_size = 32MB

# The supervisor keeps what goes to standard error. No statement and no row is in it, so no password either.
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%q%u@%d '
log_statement = 'none'
log_min_duration_statement = -1
log_min_duration_sample = -1
log_transaction_sample_rate = 0
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = off
log_connections = off
log_disconnections = off
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C.UTF-8'
)",
                     port);
}

// The first line that fits decides. `samerole`: a database lets in who is a member of the role that is named like it;
// so what the owner of a database grants to others opens nothing to them.
std::string render_access() {
  return fmt::format(R"(# Written anew at every start of Sluice.
local  all       {0}  peer  map=owner
local  all       all  reject
host   all       {0}  all            reject
host   samerole  all  127.0.0.1/32   scram-sha-256
)",
                     kOwner);
}

std::string render_users(const std::string& os_user) {
  std::string quoted;
  for (char c : os_user) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return fmt::format("# Written anew at every start of Sluice.\nowner \"{}\" {}\n", quoted, kOwner);
}

}  // namespace sluice::postgres
