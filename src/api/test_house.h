#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <set>

#include "api/api.h"
#include "api/check_ins.h"
#include "api/openapi.h"
#include "api/routes.h"
#include "api/test_schema.h"
#include "base/codec.h"
#include "base/files.h"
#include "base/process.h"
#include "metrics/test_world.h"

// For tests: the whole server but its sockets and its platform. Every answer is held against the OpenAPI document.
namespace sluice::api {

// A platform that does at once what it is asked, unless a test says otherwise.
class ScriptedWorld final : public conductor::World {
 public:
  using Step = std::pair<std::string, pipeline::WorkKind>;  // stage name and what
  void fail(const std::string& stage, pipeline::WorkKind kind, bool yes = true) {
    std::lock_guard lock(mutex_);
    yes ? void(failing_.insert({stage, kind})) : void(failing_.erase({stage, kind}));
  }
  void hold(const std::string& stage, pipeline::WorkKind kind, bool yes = true) {
    std::lock_guard lock(mutex_);
    yes ? void(held_.insert({stage, kind})) : void(held_.erase({stage, kind}));
    changed_.notify_all();
  }
  platform::Advance advance(const pipeline::Work& work, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return !held_.contains({work.stage_name, work.kind}); });
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped", {}};
    if (failing_.contains({work.stage_name, work.kind})) return Error{ErrorKind::failed, "the app says no", {}};
    platform::Done done;
    if (work.kind == pipeline::WorkKind::build) {
      done.artifact = "sha256-" + std::string(24, '0') + work.deployment.change.commit;
      done.built = true;
    }
    done.instances = work.instances;
    return done;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<Step> failing_, held_;
};

class TestFolder {
 public:
  TestFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "sluice_api_XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::ignore = remove_tree(path); }
  std::filesystem::path path;
};

// Collects what is streamed.
class TestSink final : public http::Sink {
 public:
  bool send(std::string bytes) override {
    std::lock_guard lock(mutex_);
    text_ += bytes;
    changed_.notify_all();
    return !closed_;
  }
  void close() override {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  // True as soon as the stream has this text.
  bool has(const std::string& text) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLimit, [&] { return text_.find(text) != std::string::npos; });
  }
  bool ends() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLimit, [&] { return closed_; });
  }
  std::string text() {
    std::lock_guard lock(mutex_);
    return text_;
  }
  static constexpr std::chrono::seconds kLimit{20};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  bool closed_ = false;
};

struct Got {
  int status = 0;
  http::Headers headers;
  json::value body;  // of JSON
  std::string text;
  http::StartStream stream;
  [[nodiscard]] const json::object& object() const { return body.as_object(); }
  [[nodiscard]] std::string str(const char* name) const {
    const auto* value = body.is_object() ? object().if_contains(name) : nullptr;
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
  }
  [[nodiscard]] std::int64_t num(const char* name) const {
    const auto* value = body.is_object() ? object().if_contains(name) : nullptr;
    return value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : -1;
  }
  [[nodiscard]] const json::array& items() const { return object().at("items").as_array(); }
  [[nodiscard]] std::string detail() const { return str("detail"); }
  // Of application/x-ndjson.
  [[nodiscard]] std::vector<json::value> lines() const {
    std::vector<json::value> out;
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
      out.push_back(json::parse(text.substr(at, end - at)));
    return out;
  }
};

class House {
 public:
  explicit House(std::string public_url = "http://localhost:7420") : url_(std::move(public_url)) {
    store_ = std::move(*store::Store::open(folder_.path / "data"));
    secrets_ = std::move(*secrets::Secrets::open(folder_.path / "data", *store_, random_));
    identity_ = identity::Identity::open(*store_, clock_, random_);
    repositories_ = std::make_unique<source::Repositories>(folder_.path / "repositories", folder_.path / "scratch");
    logs_ = std::make_unique<logs::Logs>(folder_.path / "logs");
    conductor_ = std::move(*conductor::Conductor::start(*store_, *secrets_, world, clock_, random_, {}));
    for (auto role : {pipeline::Role::viewer, pipeline::Role::developer, pipeline::Role::admin}) {
      auto made = identity_->create_token(codec::enum_name(role), role, {});
      tokens_[role] = made->secret;
    }
    probe.moment.wall = clock_.now();
    metrics_ = std::move(*metrics::Metrics::open(folder_.path / "metrics.db", probe, {}));
    open();
  }
  ~House() { api_.reset(); }

  std::vector<std::string> keys;    // "NAME DIGEST" of each, as the platform was told last
  Databases databases;              // before open()
  std::vector<std::string> purged;  // stages whose cache was emptied
  std::string cannot_hold;          // of resources
  std::map<std::string, acme::Standing> certificates;
  std::vector<std::string> renewed;
  std::vector<platform::RegionState> regions{{{"local", "127.0.0.1", 8080}, {}, ""}};
  std::map<std::string, std::vector<std::string>> domains;  // of stages, as the platform was told

  void open() {
    api_ =
        make_api({*conductor_,
                  *store_,
                  *secrets_,
                  *identity_,
                  *repositories_,
                  *logs_,
                  clock_,
                  [](const std::string& stack, const pipeline::Stage& stage) {
                    return "http://" + stage.name + "." + stack + ".localhost:8080";
                  },
                  [this](const pipeline::Stage& stage, const std::string&, std::optional<Time>,
                         const std::string& cursor, std::size_t, const auto& keep) -> Result<logs::Lines> {
                    const auto text = "GET / 200 " + stage.name;
                    if (!cursor.empty() || (keep && !keep(text))) return logs::Lines{{}, "end"};
                    return logs::Lines{{{clock_.now(), "", text}}, "end"};
                  },
                  [this](const pipeline::Stage& stage) -> Result<> {
                    keys.clear();
                    for (const auto& key : stage.keys) keys.push_back(key.name + " " + key.digest);
                    return {};
                  },
                  [this](const pipeline::Stage& stage) -> Result<> {
                    purged.push_back(stage.name);
                    return {};
                  },
                  {},
                  url_,
                  "0.0.0",
                  [this]() -> Result<> {
                    if (ready) return {};
                    return sluice::fail(ErrorKind::unavailable, "the gateway is not up yet");
                  },
                  [this] { return findings; },
                  [](const http::Request& request) {
                    http::Response page;
                    page.headers.set("Content-Security-Policy", "the page's own");
                    page.body = "the page at " + request.path;
                    return page;
                  },
                  databases,
                  metrics_.get(),
                  [this](const pipeline::Stage& stage) -> Result<> {
                    domains[stage.name] = stage.config.domains.value_or(std::vector<std::string>{});
                    return {};
                  },
                  {[this](const std::string& domain, const std::string& pem) -> Result<Time> {
                     if (pem == "bad\nbad") return fail_field("certificate", "is no certificate in PEM");
                     certificates[domain].until = Time{};
                     return Time{};
                   },
                   [this](const std::string& domain) -> Result<> {
                     certificates.erase(domain);
                     return {};
                   },
                   [this] { return certificates; }, [this](const std::string& domain) { renewed.push_back(domain); }},
                  [this](const pipeline::Resources& asked) {
                    return asked.memory > 0 || asked.cpu > 0 ? cannot_hold : std::string();
                  },
                  {[this] { return regions; },
                   [this](const platform::Region& region) -> Result<platform::RegionState> {
                     return regions.emplace_back(platform::RegionState{region, {}, ""});
                   },
                   [this](const std::string& name) -> Result<> {
                     std::erase_if(regions, [&](const auto& one) { return one.region.name == name; });
                     return {};
                   }}});
  }

  // As the server does it: the head first, then the whole. `token` empty: without credentials.
  Got send(http::Request request) {
    auto question = request.target.find('?');
    request.path = request.target.substr(0, question);
    if (question != std::string::npos) {
      request.raw_query = request.target.substr(question + 1);
      std::string_view rest = request.raw_query;
      while (!rest.empty()) {
        auto end = rest.find('&');
        auto one = rest.substr(0, end);
        auto equals = one.find('=');
        request.query[std::string(one.substr(0, equals))] =
            equals == std::string_view::npos ? "" : std::string(one.substr(equals + 1));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
      }
    }
    if (!request.headers.get("Host")) request.headers.set("Host", "localhost:7420");
    if (!request.body.empty()) request.headers.set("Content-Length", std::to_string(request.body.size()));
    auto head = request;
    head.body.clear();
    auto admission = api_->admit(head);
    http::Response response;
    if (admission.answer) {
      response = std::move(*admission.answer);
    } else {
      EXPECT_FALSE(admission.streams) << request.target;
      EXPECT_LE(request.body.size(), admission.body_limit);
      response = api_->handle(request);
    }
    Got got;
    got.status = response.status;
    got.headers = response.headers;
    got.text = response.body;
    got.stream = response.stream;
    auto type = response.headers.get("Content-Type").value_or("");
    const bool lines = type == "application/x-ndjson";
    if (type.find("json") != std::string::npos && !lines && !got.text.empty()) got.body = json::parse(got.text);
    against_document(request, got, type);
    return got;
  }

  Got call(const std::string& method, const std::string& target, const std::string& body = "",
           pipeline::Role role = pipeline::Role::admin, const std::map<std::string, std::string>& headers = {}) {
    http::Request request;
    request.method = method;
    request.target = "/api/v1" + target;
    request.body = body;
    request.headers.set("Authorization", "Bearer " + tokens_[role]);
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    for (const auto& [name, value] : headers) request.headers.set(name, value);
    return send(request);
  }
  Got get(const std::string& target) { return call("GET", target); }

  std::shared_ptr<TestSink> follow(const std::string& target, const std::map<std::string, std::string>& headers = {},
                                   pipeline::Role role = pipeline::Role::admin) {
    auto all = headers;
    all["Accept"] = "text/event-stream";
    auto got = call("GET", target, "", role, all);
    auto sink = std::make_shared<TestSink>();
    EXPECT_EQ(got.status, 200) << got.text;
    if (got.stream) got.stream(sink);
    return sink;
  }

  // Commits a file in a clone and pushes it; the change's number, 0 when there is none.
  pipeline::ChangeNumber push(const std::string& stack, const std::string& content,
                              const std::string& message = "a change") {
    auto clone = folder_.path / ("clone_" + stack);
    if (!std::filesystem::exists(clone)) {
      git({"init", "-q", "-b", "main", clone.string()});
      git({"-C", clone.string(), "remote", "add", "origin", repository(stack).string()});
    }
    EXPECT_TRUE(write_file(clone / "file", content));
    git({"-C", clone.string(), "add", "file"});
    git({"-C", clone.string(), "commit", "-q", "--allow-empty", "-m", message});
    git({"-C", clone.string(), "push", "-q", "-f", "origin", "main"});
    auto looked =
        CheckIns(*conductor_, *repositories_).look(stack, {pipeline::ActorKind::git, "ann", pipeline::Role::developer});
    EXPECT_TRUE(looked) << (looked ? "" : looked.error().message);
    return looked ? looked->change : 0;
  }
  std::filesystem::path repository(const std::string& stack) {
    return folder_.path / "repositories" / (conductor_->snapshot(stack)->id.value + ".git");
  }
  std::string git(std::vector<std::string> args) {
    ProcessCommand command;
    command.argv = {"git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com"};
    command.argv.insert(command.argv.end(), args.begin(), args.end());
    command.env = {{"PATH", ::getenv("PATH")},
                   {"GIT_CONFIG_GLOBAL", "/dev/null"},
                   {"GIT_CONFIG_SYSTEM", "/dev/null"},
                   {"HOME", folder_.path.string()},
                   {"GIT_TERMINAL_PROMPT", "0"}};
    auto done = sluice::run(command);
    EXPECT_TRUE(done);
    last_git_ok = done && done->ok();
    return done ? done->out + done->err : "";
  }

  // A stack with the stages named, the last ones asking for approval when they end in "!".
  void make(const std::string& stack, const std::vector<std::string>& stages) {
    auto made = call("POST", "/stacks", json::serialize(json::object{{"name", stack}, {"stage", stages[0]}}));
    ASSERT_EQ(made.status, 201) << made.text;
    for (std::size_t i = 1; i < stages.size(); ++i) {
      auto name = stages[i];
      const bool gated = name.ends_with('!');
      if (gated) name.pop_back();
      auto added = call("POST", "/stacks/" + stack + "/stages",
                        json::serialize(json::object{{"name", name}, {"requires_approval", gated}}));
      ASSERT_EQ(added.status, 201) << added.text;
    }
  }
  // Waits until the stack is as said.
  template <class F>
  bool until(const std::string& stack, F is_so) {
    const auto limit = std::chrono::steady_clock::now() + TestSink::kLimit;
    std::int64_t seq = 0;
    while (std::chrono::steady_clock::now() < limit) {
      auto snapshot = conductor_->snapshot(stack);
      if (is_so(snapshot)) return true;
      seq = conductor_->wait_commit(seq, std::chrono::milliseconds(100));
    }
    return false;
  }
  bool until_serves(const std::string& stack, const std::string& stage, pipeline::ChangeNumber change) {
    return until(stack, [&](const auto& s) {
      const auto* found = s ? pipeline::find_stage(*s, stage) : nullptr;
      return found != nullptr && found->current && found->current->change.number == change && !found->active;
    });
  }
  bool until_asks(const std::string& stack, const std::string& stage, pipeline::ChangeNumber change) {
    return until(stack, [&](const auto& s) {
      const auto* found = pipeline::find_stage(*s, stage);
      return found != nullptr && found->approval && found->approval->change.number == change;
    });
  }

  metrics::TestProbe probe;
  [[nodiscard]] metrics::Metrics& metrics() { return *metrics_; }
  ScriptedWorld world;
  std::atomic<bool> ready{true};
  std::vector<doctor::Finding> findings;
  bool last_git_ok = false;
  [[nodiscard]] const std::string& token(pipeline::Role role) { return tokens_[role]; }
  [[nodiscard]] identity::Identity& identity() { return *identity_; }
  [[nodiscard]] conductor::Conductor& conductor() { return *conductor_; }
  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] logs::Logs& logs() { return *logs_; }
  [[nodiscard]] source::Repositories& repositories() { return *repositories_; }
  [[nodiscard]] http::Handler& handler() { return *api_; }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path; }
  void close() { api_.reset(); }

 private:
  static void against_document(const http::Request& request, const Got& got, const std::string& type) {
    static const Document document(openapi_document());
    for (const auto& route : routes()) {
      if (route.method != request.method || !match(route.pattern, request.path)) continue;
      auto method = request.method;
      for (char& c : method) c = static_cast<char>(std::tolower(c));
      const auto& operation = document.paths().at(route.pattern).as_object().at(method).as_object();
      const auto& responses = operation.at("responses").as_object();
      const auto* response = responses.if_contains(std::to_string(got.status));
      ASSERT_NE(response, nullptr) << request.method << " " << request.target << " answers " << got.status
                                   << ", which is not in the document: " << got.text;
      const auto* content = document.resolve(response->as_object()).if_contains("content");
      if (content == nullptr) {
        EXPECT_TRUE(got.text.empty()) << request.target;
        return;
      }
      auto plain = type.substr(0, type.find(';'));
      const auto* media = content->as_object().if_contains(plain);
      ASSERT_NE(media, nullptr) << request.method << " " << request.target << " answers " << got.status << " as "
                                << plain;
      if (plain.find("json") == std::string::npos) return;
      const auto& schema = media->as_object().at("schema").as_object();
      if (plain != "application/x-ndjson")
        EXPECT_EQ(document.check(got.body, schema, "answer"), "")
            << request.method << " " << request.target << ": " << got.text;
      else
        for (const auto& line : got.lines()) EXPECT_EQ(document.check(line, schema, "line"), "") << got.text;
      return;
    }
  }

  std::string url_;
  TestFolder folder_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<secrets::Secrets> secrets_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<source::Repositories> repositories_;
  std::unique_ptr<logs::Logs> logs_;
  std::unique_ptr<conductor::Conductor> conductor_;
  std::unique_ptr<metrics::Metrics> metrics_;
  std::unique_ptr<http::Handler> api_;
  std::map<pipeline::Role, std::string> tokens_;
};

}  // namespace sluice::api
