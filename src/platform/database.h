#pragma once
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/types.h"

// What is said of stages' databases outside of the steps.
namespace sluice::platform {

// An existing database that answered and can be used.
struct TriedDatabase {
  std::string at;       // user@host:port/name, the password left out
  std::string version;  // as the server says it
  std::string notice;   // one sentence for a person about what will not work there; or empty
};

// deleted: with its stage (R6.2). changed: the stage has another now (R7.7). replaced: by a restore or a copy.
BOOST_DEFINE_ENUM_CLASS(BackupCause, asked, daily, deleted, changed, replaced)

// A backup of a stage's database. It outlives the database, the stage and the stack.
struct Backup {
  std::string name;  // unique on this server
  BackupCause cause = BackupCause::asked;
  Time at{};  // consistent as of about then
  std::int64_t bytes = 0;
  std::string sha256;
  pipeline::StageId stage;
  std::string stack_name, stage_name;  // then
  pipeline::ChangeNumber change = 0;   // that was current then; 0: none
  bool operator==(const Backup&) const = default;
};
BOOST_DESCRIBE_STRUCT(Backup, (), (name, cause, at, bytes, sha256, stage, stack_name, stage_name, change))

// How the database that Sluice made for a stage is.
struct DatabaseFacts {
  bool made = false;                  // it comes with the stage's first deployment
  bool answers = false;               // it can be used
  std::string problem;                // one sentence; empty: none
  std::optional<std::int64_t> bytes;  // on the disk; absent while it does not answer
};

// A login to a stage's database for a person, on the server's own machine.
struct DatabaseLogin {
  std::string host;
  std::uint16_t port = 0;
  std::string user, password, database;
  Time until{};  // for connections begun before
};

}  // namespace sluice::platform
