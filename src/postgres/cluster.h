#pragma once
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "postgres/client.h"
#include "postgres/tools.h"
#include "postgres/url.h"

// One PostgreSQL cluster for all stages: a role and a database of the same name each, which nobody else can enter. The
// server process is somebody else's to keep running: command(). Everything here may be called from any thread and again
// after it failed or the program died in the middle; a `name` is 1 to 40 bytes of UTF-8 without "~".
namespace sluice::postgres {

enum class State {
  ready,
  starting,
  recovering,  // from a crash
  stopping,
  down,
  disk_full,  // down, and too little space to start in
  slow,       // it runs, and does not answer
  crowded,    // not even its owner gets a connection
};

class Cluster {
 public:
  // What the server must be sent to end: SIGINT, which closes all connections. SIGTERM would wait for every app to
  // close its own. It ends within seconds, as a rule; killed by SIGKILL it loses nothing and recovers at the next
  // start.
  static constexpr int kStopSignal = SIGINT;

  struct Options {
    std::filesystem::path dir;  // belongs to the cluster alone; made 0700 where it is missing
    int connections_each = 60;  // at most, of a stage; 200 in all
  };
  // Makes the cluster at first (seconds), picks a port that is then kept, and writes its settings. Errors: failed when
  // PostgreSQL is not installed (names the package), invalid as root, conflict when the port is taken meanwhile.
  static Result<std::unique_ptr<Cluster>> open(Options options);
  // Keeps the server in the foreground, its log on standard error; to be run in folder(), by the same user.
  [[nodiscard]] std::vector<std::string> command() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return dir_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

  [[nodiscard]] State state() const;
  // Waits until the server answers; then tidies once what an earlier run left half done. The error (unavailable) says
  // what holds it up.
  Result<> await(Duration at_most, std::stop_token stop = {});

  // The stage's role and database are there, the role has this password (check_password) and no more rights than it
  // should. Unavailable while the database is being restored or dropped, or the server does not answer.
  Result<> ensure(const std::string& name, const std::string& password);
  // With everything in it and everybody who is connected; one that is not there is no error.
  Result<> drop(const std::string& name);
  Result<bool> exists(const std::string& name) const;
  Result<std::int64_t> size(const std::string& name) const;  // bytes; not_found
  // What an app is to be given: variables(url(…)).
  [[nodiscard]] Url url(const std::string& name, const std::string& password) const;

  struct Backup {
    std::int64_t bytes = 0;
    std::string sha256;
  };
  // pg_dump's custom format, mode 0600. `file` is there only when it is whole and on the disk; what a crash leaves is
  // called file.partial. Consistent as of its beginning; the app goes on meanwhile.
  Result<Backup> dump(const std::string& name, const std::filesystem::path& file, const Limits& limits = {}) const;
  // Replaces all of the database by the backup, in one act at the end: connections are closed then, and an app connects
  // again. When it fails nothing has changed. Everything belongs to the stage's role, whoever owned it before. With
  // `sha256` the file is first held against it. Settings made by ALTER DATABASE stay those of now.
  Result<> restore(const std::string& name, const std::filesystem::path& file, const Limits& limits = {},
                   const std::string& sha256 = {});
  Result<> copy(const std::string& from, const std::string& to, const Limits& limits = {});

  // A login for a person: it acts as the stage's role, and what it makes is the stage's. It works for connections begun
  // within `valid_for`; one that is open stays.
  Result<Url> session(const std::string& name, Duration valid_for) const;
  // Drops those whose time has passed and that nobody uses any more. How many.
  Result<int> forget_sessions();

 private:
  explicit Cluster(Options options) : dir_(std::move(options.dir)), each_(options.connections_each) {}
  Result<> prepare();
  Result<> make_cluster() const;
  Result<> choose_port();
  Result<> write_settings();
  [[nodiscard]] Url owner(const std::string& database = "postgres") const;
  // As the owner, through the socket; what psql prints.
  Result<std::string> ask(const std::string& statements, const Limits& limits = {},
                          const std::string& database = "postgres") const;
  [[nodiscard]] Error explain(const Finished& done, const std::string& password = {}) const;
  [[nodiscard]] Error explain(State state) const;
  Result<> must_exist(const std::string& name) const;
  Result<> tidy(const std::string& name);
  Result<int> drop_roles(const std::string& where) const;
  Result<> fill(const std::string& name, const std::filesystem::path& file, const Limits& limits);
  Result<> swap(const std::string& name);

  // Who works with a database at present: a restore or a drop alone, the others together.
  class Hold;
  Result<Hold> share(const std::string& name) const;
  Result<Hold> claim(const std::string& name) const;

  std::filesystem::path dir_;
  int each_;
  Tools tools_;
  std::uint16_t port_ = 0;
  bool changed_ = false;  // the settings, while the server may have been running
  bool tidied_ = false;
  std::mutex await_, ensure_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, int> held_;  // how many share it; -1: claimed
};

}  // namespace sluice::postgres
