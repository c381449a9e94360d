#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "build/builder.h"
#include "platform/local/local.h"
#include "source/source.h"

// A local platform in a temporary folder, with the real s6, HAProxy and bubblewrap, and artifacts made by hand.
namespace sluice::platform::local {

template <class Condition>
bool eventually(Condition condition, Duration at_most = std::chrono::seconds(20)) {
  auto until = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

struct Answer {
  int status = 0;  // 0: none came
  std::string head, body;
};
Answer get(std::uint16_t port, const std::string& host, const std::string& path = "/", const std::string& more = "");

// A connection that is kept alive, as a browser's.
class Visitor {
 public:
  Visitor(std::uint16_t port, std::string host) : port_(port), host_(std::move(host)) {}
  ~Visitor();
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  Answer get(const std::string& path = "/");

 private:
  std::uint16_t port_;
  std::string host_;
  int fd_ = -1;
};

class KeptLog final : public logs::Writer {
 public:
  void write(std::string_view more) override { text += more; }
  void finish() override {}
  std::string text;
};

class LocalTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  void open();  // again: as after a restart of the server
  // An artifact of these files.
  std::string artifact(const std::map<std::string, std::string>& files, const build::Plan& plan);
  // A web server that answers every GET with `text` (GET /slow after a while, GET /env with its environment).
  std::string web(const std::string& text, build::Plan plan = {});

  pipeline::Work work(pipeline::WorkKind kind, const std::string& stage = "dev");
  Advance run(const pipeline::Work& work, std::stop_token stop = {});
  // Every step of a deployment; ends at the first error. `current` follows.
  Advance deploy(const std::string& artifact, std::int64_t instances = 1, const std::string& stage = "dev");
  Advance retire(const std::string& stage = "dev");
  Answer visit(const std::string& stage = "dev", const std::string& path = "/");
  // Processes that have the temporary folder on their command line or a service of it.
  std::size_t processes() const;
  std::shared_ptr<const pipeline::Stack> stack() const;  // as the conductor would know it

  struct Stage {
    pipeline::Attempt attempt = 0;
    std::int64_t number = 0;
    std::optional<pipeline::Current> current;
    pipeline::Deployment last;
    std::int64_t instances = 1;
  };
  // What the platform reported for the server's log and has these words in it.
  std::vector<std::string> reported(const std::string& words) const;
  // SIGKILL to s6 and all that it keeps running, at once.
  void kill_supervised() const;

  std::map<std::string, Stage> stages_;
  std::map<std::string, std::string> environment_;
  pipeline::StageConfig config_;  // of every stage and attempt
  std::string database_secret_;
  std::filesystem::path dir_;
  SystemClock clock_;
  std::optional<logs::Logs> logs_;
  std::unique_ptr<source::Repositories> repositories_;
  std::optional<sandbox::Sandbox> sandbox_;
  std::unique_ptr<build::Builder> builder_;
  std::unique_ptr<LocalPlatform> platform_;
  std::string log_;  // of the steps
  mutable std::mutex reporting_;
  std::vector<std::string> reported_;
};

inline std::string message(const Advance& advance) {
  if (const auto* error = std::get_if<Error>(&advance)) return error->message;
  return std::holds_alternative<Done>(advance) ? "done" : "not yet";
}
inline bool done(const Advance& advance) { return std::holds_alternative<Done>(advance); }

}  // namespace sluice::platform::local
