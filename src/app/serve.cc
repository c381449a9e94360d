#include "app/serve.h"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>

#include "api/api.h"
#include "app/authority.h"
#include "app/home.h"
#include "app/probe.h"
#include "app/world.h"
#include "base/codec.h"
#include "base/files.h"
#include "cgroup/groups.h"
#include "conductor/attendant.h"
#include "dashboard/dashboard.h"
#include "doctor/doctor.h"
#include "http/late_handler.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "platform/local/regions.h"

namespace sluice::app {
namespace fs = std::filesystem;
namespace {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// The CLI has checked the shape.
Address parse_address(const std::string& text) {
  auto colon = text.rfind(':');
  Address out{text.substr(0, colon), 0};
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), out.port);
  if (out.host.size() > 2 && out.host.front() == '[') out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

std::string with_port(const std::string& host, std::uint16_t port) {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

// A port that nobody typed gives way where it is taken: the gateway to that of its last start, else to one the kernel
// picks.
template <class Start>
auto start_on(std::uint16_t port, bool given, const char* what, Start start) -> decltype(start(port)) {
  auto started = start(port);
  if (started || given || port == 0 || started.error().kind != ErrorKind::conflict) return started;
  spdlog::warn("the {}'s port {} is taken by another program: taking a free one instead", what, port);
  return start(std::uint16_t{0});
}

std::string cannot_hold(const doctor::Limits& held, const pipeline::Resources& asked) {
  if ((asked.memory == 0 || held.memory) && (asked.cpu == 0 || held.cpu)) return "";
  return fmt::format("cannot be held: {}. {}",
                     held.problem.empty() ? "this machine gives the server no controller for it" : held.problem,
                     cgroup::kRemedy);
}

// Members are in the order of their dependence: destroyed from the last to the first.
class Server {
 public:
  Result<> start(const cli::ServeOptions& options, const std::string& version);
  ServerNote note;
  std::optional<std::string> first_sign_in;
  [[nodiscard]] bool has_dashboard() const { return dashboard_.is_there(); }

 private:
  [[nodiscard]] std::vector<doctor::Finding> examine(const fs::path& data) const;
  void look_over_what_is_kept(doctor::Server& server) const;

  SystemClock clock_;
  SystemRandom random_;
  std::optional<FileLock> lock_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<secrets::Secrets> secrets_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<logs::Logs> logs_;
  std::unique_ptr<source::Repositories> repositories_;
  std::optional<sandbox::Sandbox> sandbox_;
  doctor::Limits limits_;
  std::unique_ptr<build::Builder> builder_;
  std::unique_ptr<platform::Regions> regions_;
  std::unique_ptr<LocalProbe> probe_;
  std::unique_ptr<metrics::Metrics> metrics_;
  std::unique_ptr<RealWorld> world_;
  std::unique_ptr<conductor::Conductor> conductor_;
  std::unique_ptr<acme::Keeper> keeper_;  // none without --acme
  dashboard::Dashboard dashboard_{dashboard::linked_files()};
  http::LateHandler late_;  // the server needs a handler to find its address, and the routes need the address
  std::unique_ptr<http::Handler> api_;
  std::unique_ptr<Janitor> janitor_;
  std::unique_ptr<conductor::Attendant> attendant_;
  std::unique_ptr<http::Server> http_;
};

std::vector<doctor::Finding> Server::examine(const fs::path& data) const {
  doctor::Server server{note.api, note.gateway, conductor_->snapshots(), identity_->tokens(), {}, clock_.now()};
  // The clock alone decides what an event's time is, so the newest event has the newest time unless it was set back.
  if (auto newest = store_->events_after(store_->last_seq() - 1, 1); newest && !newest->empty())
    server.newest_event = newest->front().event.at;
  server.certificates = standings(*regions_, keeper_.get());
  server.limits = limits_;
  for (auto& one : regions_->ailing()) server.ailing[one.stage].push_back(std::move(one.what));
  server.absent = regions_->absent();
  for (const auto& one : regions_->all())
    if (one.problem) server.regions_down[one.region.name] = *one.problem;
  look_over_what_is_kept(server);
  return doctor::examine(data, server);
}

// A child that a killed server was about to start has its lock for a moment, until it is another program.
Result<FileLock> take_lock(const fs::path& data) {
  constexpr int kTries = 20;
  for (int tries = 1;; ++tries) {
    auto lock = FileLock::take(data / "lock");
    if (lock || lock.error().kind != ErrorKind::conflict || tries == kTries) return lock;
    ::usleep(50'000);
  }
}

// As far as it comes in a short time: of a thousand stages the first hundreds.
void Server::look_over_what_is_kept(doctor::Server& server) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(400);
  for (const auto& stack : server.stacks) {
    for (const auto& stage : stack->stages) {
      if (std::chrono::steady_clock::now() > end) {
        server.all_artifacts = server.all_repositories = false;
        return;
      }
      if (!stage.current) continue;
      if (auto good = builder_->whole(stage.current->artifact); !good)
        server.artifacts[stack->name + "/" + stage.name] = good.error().message;
    }
    if (stack->source.kind == pipeline::SourceKind::remote) continue;
    const auto good = repositories_->whole(stack->id, stack->newest ? stack->newest->commit : "");
    if (good) continue;
    if (good.error().kind == ErrorKind::timed_out) {  // a large one is not looked at to its end
      server.all_repositories = false;
    } else {
      server.repositories[stack->name] = good.error().message;
    }
  }
}

Result<> Server::start(const cli::ServeOptions& options, const std::string& version) {
  const fs::path data = options.data;
  auto lock = take_lock(data);
  if (!lock) {
    if (lock.error().kind != ErrorKind::conflict) return fail(lock.error());
    auto other = read_note(data);
    return fail(ErrorKind::conflict,
                "another server works in " + data.string() +
                    (other ? " (" + other->api + ", process " + std::to_string(other->pid) + ")" : "") +
                    "; stop it first, or name another folder with --data");
  }
  lock_ = std::move(*lock);

  auto authority = find_authority(options);
  if (!authority) return fail(authority.error());
  auto store = store::Store::open(data);
  if (!store) return fail(store.error());
  store_ = std::move(*store);
  auto secrets = secrets::Secrets::open(data, *store_, random_);
  if (!secrets) return fail(secrets.error());
  secrets_ = std::move(*secrets);
  identity_ = identity::Identity::open(*store_, clock_, random_);
  logs_ = std::make_unique<logs::Logs>(data / "logs");
  for (const char* folder : {"logs", "repositories", "scratch", "artifacts", "caches", "work"}) {
    if (auto made = make_dirs(data / folder, 0700); !made) return made;
  }
  repositories_ = std::make_unique<source::Repositories>(data / "repositories", data / "scratch");
  repositories_->sweep(Duration{});  // a push that a killed server had under way is none
  auto sandbox = sandbox::Sandbox::probe(data / "etc");
  if (!sandbox) return fail(sandbox.error());
  sandbox_ = std::move(*sandbox);
  sandbox_->hide(data);
  if (auto groups = cgroup::Groups::open(data)) {
    groups->sweep();
    limits_ = {groups->holds_memory(), groups->holds_cpu(), groups->holds_processes(), groups->where(), ""};
    sandbox_->hold_limits_with(std::move(*groups));
  } else {
    limits_.problem = groups.error().message;
    spdlog::info("limits of memory and processor are not held: {}", limits_.problem);
  }
  builder_ = std::make_unique<build::Builder>(build::Builder::Dirs{data / "artifacts", data / "caches", data / "work"},
                                              *repositories_, *sandbox_, clock_);

  const auto gateway = parse_address(options.gateway);
  auto regions = start_on(gateway.port, options.gateway_given, "gateway", [&](std::uint16_t port) {
    platform::LocalPlatform::Options home{data, gateway.host, port, options.gateway_tls};
    home.report = [](const std::string& sentence) { spdlog::warn("{}", sentence); };
    return platform::Regions::start(std::move(home), {*logs_, *builder_, *sandbox_, clock_});
  });
  if (!regions) return fail(regions.error());
  regions_ = std::move(*regions);

  const auto before = store_->load_stacks();
  if (!before) return fail(before.error());
  auto reconciled = regions_->reconcile([this]() -> Result<platform::Regions::Stacks> {
    auto stacks = store_->load_stacks();
    if (!stacks) return fail(stacks.error());
    platform::Regions::Stacks known;
    for (auto& stack : *stacks) known.push_back(std::make_shared<const pipeline::Stack>(std::move(stack)));
    return known;
  });
  if (!reconciled) spdlog::error("bringing the stages back: {}", reconciled.error().message);

  // Builds may begin before the API answers.
  const auto listen = parse_address(options.listen);
  sandbox_->reserve(listen.port);

  world_ = std::make_unique<RealWorld>(*store_, *secrets_, *logs_, *builder_, *regions_);
  conductor::Conductor::Options working;
  working.builds = options.builds;
  // What a build, a command and a start may take their sluice.toml says, and they are held to it; this is what is left
  // for what else belongs to the step.
  constexpr Duration kMore = std::chrono::hours(1);
  working.limits.build = working.limits.release = working.limits.verify = build::kLongestTimeout + kMore;
  working.limits.start = build::kLongestHealthTimeout + kMore;
  auto conductor = conductor::Conductor::start(*store_, *secrets_, *world_, clock_, random_, working);
  if (!conductor) return fail(conductor.error());
  conductor_ = std::move(*conductor);
  if (*authority) keeper_ = keep_certificates(std::move(**authority), data, *regions_, *conductor_, clock_);

  probe_ = std::make_unique<LocalProbe>(*regions_);
  auto metrics = metrics::Metrics::open(data / "metrics.db", *probe_, [](const std::string& what) {
    spdlog::warn("writing down what stages use: {}", what);
  });
  // Figures are worth less than a server that starts.
  if (metrics) {
    metrics_ = std::move(*metrics);
    metrics_->start();
  } else {
    spdlog::error("what stages use is not measured: {}", metrics.error().message);
  }

  auto http = start_on(listen.port, options.listen_given, "API", [&](std::uint16_t port) {
    http::Server::Options serving;
    serving.address = listen.host;
    serving.port = port;
    serving.report = [](const std::string& what) { spdlog::error("a request failed: {}", what); };
    return http::Server::start(serving, late_);
  });
  if (!http) {
    // The gateway that this start began has nothing to serve: a start that fails leaves nothing running.
    if (before->empty()) (void)platform::Regions::down(data);
    return fail(http.error());
  }
  http_ = std::move(*http);
  sandbox_->reserve(http_->port());

  note.api = "http://" + with_port(listen.host, http_->port());
  note.gateway = with_port(gateway.host, regions_->all().front().region.port);
  note.pid = ::getpid();

  auto* platform = regions_.get();
  api_ = api::make_api(
      {*conductor_,
       *store_,
       *secrets_,
       *identity_,
       *repositories_,
       *logs_,
       clock_,
       [platform](const std::string& stack_name, const pipeline::Stage& stage) {
         return platform->url(stack_name, stage);
       },
       [platform](const pipeline::Stage& stage, const std::string& stack_name, std::optional<Time> since,
                  const std::string& cursor, std::size_t limit, const std::function<bool(std::string_view)>& keep) {
         return platform->access_lines(stack_name, stage, since, cursor, limit, keep);
       },
       [platform](const pipeline::Stage& stage) { return platform->set_keys(stage); },
       [platform](const pipeline::Stage& stage) { return platform->purge_cache(stage); },
       {},
       note.api,
       version,
       {},
       [this, data] { return examine(data); },
       [this](const http::Request& request) { return dashboard_.answer(request); },
       {platform::LocalPlatform::try_database,
        [platform](const pipeline::Stage& stage) { return platform->database(stage); },
        [platform](const pipeline::Stage& stage) { return platform->database_login(stage); },
        [platform] { return platform->backups(); },
        [platform](const std::string& name) { return platform->remove_backup(name); }},
       metrics_.get(),
       [this](const pipeline::Stage& stage) {
         auto told = regions_->set_domains(stage);
         if (keeper_) keeper_->look();
         return told;
       },
       certificates_of(*regions_, keeper_.get()),
       [this](const pipeline::Resources& asked) { return cannot_hold(limits_, asked); },
       {[platform] { return platform->all(); },
        [platform](const platform::Region& region) { return platform->add(region); },
        [platform](const std::string& name) { return platform->remove(name); }}});
  late_.set(*api_);
  attendant_ = std::make_unique<conductor::Attendant>(*conductor_, clock_, [platform] {
    auto uses = platform->usage();
    conductor::IdleTimes idle;
    if (!uses) return Result<conductor::IdleTimes>(fail(uses.error()));
    for (const auto& [stage, use] : *uses) idle[stage] = use.idle;
    return Result<conductor::IdleTimes>(std::move(idle));
  });
  auto heard = regions_->on_wanted(attendant_->ear());
  if (!heard) return fail(heard.error().while_("listening for requests of sleeping stages"));
  janitor_ = std::make_unique<Janitor>(*store_, *builder_, *sandbox_, data / "caches", logs_->root(),
                                       [platform, repositories = repositories_.get()] {
                                         platform->clean_logs();
                                         repositories->sweep(std::chrono::hours(1));
                                       });
  first_sign_in = identity_->first_sign_in();
  return {};
}

void say(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

int refuse(const Error& error) {
  fmt::print(stderr, "sluice serve: {}\n", error.message);
  return 1;
}

}  // namespace

int serve(const cli::ServeOptions& options, const std::string& version) {
  // Threads inherit this mask; only this one takes the signals, by asking.
  sigset_t ends;
  ::sigemptyset(&ends);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ends, number);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  spdlog::set_default_logger(spdlog::stderr_color_mt("sluice"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);

  if (!is_loopback(parse_address(options.listen).host)) {
    return refuse(
        {ErrorKind::invalid,
         "--listen: " + options.listen +
             " is open to the network, and the API speaks plain HTTP; listen on 127.0.0.1 and put a proxy with "
             "TLS before it (docs/operating.md)",
         {}});
  }

  cli::ServeOptions absolute = options;
  absolute.data = fs::absolute(options.data);
  if (auto entered = enter_home(absolute.data, true); !entered) return refuse(entered.error());
  Server server;
  if (auto started = server.start(absolute, version); !started) return refuse(started.error());

  say("sluice " + version + " is ready at " + server.note.api + ", apps at " + server.note.gateway + ", data in " +
      absolute.data.string());
  if (server.first_sign_in) {
    // After a '#' it is told to the page only: never to a server, nor written into its logs.
    say("nobody can sign in yet. Once, this code makes you the admin" +
        std::string(server.has_dashboard() ? ", in a browser\n\n    " + server.note.api + "/sign-in#code=" +
                                                 *server.first_sign_in + "\n\nor on the command line\n\n"
                                           : ":\n\n") +
        "    sluice login " + server.note.api + "\n    code: " + *server.first_sign_in + "\n");
  }
  // The last thing: who waits for it finds all the rest done and said.
  if (auto noted = write_note(absolute.data, server.note); !noted) return refuse(noted.error());
  int number = 0;
  do {
    ::sigwait(&ends, &number);
  } while (number == SIGHUP);
  say("stopping; what is deployed goes on serving (`sluice down` stops it too)");
  std::error_code ignored;
  fs::remove(absolute.data / "server.json", ignored);
  return 0;
}

int down(const cli::DownOptions& options) {
  auto data = fs::absolute(options.data);
  if (!fs::exists(data / "sluice.db") && !fs::exists(data / "s6")) {
    fmt::print(stderr, "sluice down: {} is no data directory of a server; name it with --data\n", data.string());
    return 1;
  }
  // What root gave away only root removes: it waits for the one that becomes the server's user.
  if (const int child = ::geteuid() == 0 ? ::fork() : 0; child > 0) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status == 0) cgroup::take_away(data);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  ::signal(SIGPIPE, SIG_IGN);
  auto note = read_note(data);
  if (auto entered = enter_home(data); !entered) {
    fmt::print(stderr, "sluice down: {}\n", entered.error().message);
    return 1;
  }
  // The lock says whether a server is there; the note only whom to ask.
  for (int tries = 0; !FileLock::take(data / "lock"); ++tries) {
    if (!note || tries > 1200) {
      fmt::print(stderr, "sluice down: the server in {} does not stop; end it by hand, then try again\n",
                 data.string());
      return 1;
    }
    if (tries == 0) ::kill(static_cast<pid_t>(note->pid), SIGTERM);
    ::usleep(50'000);
  }
  if (auto ended = platform::Regions::down(data); !ended) {
    fmt::print(stderr, "sluice down: {}\n", ended.error().message);
    return 1;
  }
  cgroup::take_away(data);
  say("everything is stopped; `sluice serve` brings it back");
  return 0;
}

Result<boost::json::object> examine(const fs::path& folder) {
  const auto data = fs::absolute(folder);
  if (!fs::exists(data / "sluice.db")) {
    return fail(ErrorKind::not_found, "--data: there is no server's data in " + data.string());
  }
  if (auto entered = enter_home(data); !entered) return fail(entered.error());
  doctor::Finding server{"server", doctor::Severity::ok, "Server", "It runs.", ""};
  if (FileLock::take(data / "lock")) {
    server.severity = doctor::Severity::problem;
    server.detail = "No server works in " + data.string() + ".";
    server.remedy = "Start it: `sluice serve --data " + data.string() + "`.";
  }
  auto found = doctor::examine(data);
  found.insert(found.begin(), server);
  return boost::json::object{{"items", codec::write(doctor::in_order(std::move(found)))}};
}

Result<boost::json::object> create_token(const cli::LocalTokenOptions& options) {
  auto data = fs::absolute(options.data);
  if (!fs::exists(data / "sluice.db")) {
    return fail(ErrorKind::not_found, "--data: there is no server's data in " + data.string());
  }
  auto role = codec::enum_from<pipeline::Role>(options.role);
  if (!role) return fail_field("role", "must be viewer, developer or admin");
  if (auto entered = enter_home(data); !entered) return fail(entered.error());
  auto store = store::Store::open(data);
  if (!store) return fail(store.error());
  SystemClock clock;
  SystemRandom random;
  auto identity = identity::Identity::open(**store, clock, random);
  auto made = identity->create_token(options.name, *role, options.expires_in);
  if (!made) return fail(made.error());
  boost::json::object out{{"id", made->token.id},
                          {"name", made->token.name},
                          {"role", codec::enum_name(made->token.role)},
                          {"token", made->secret}};
  if (made->token.expires_at) out["expires_at"] = to_rfc3339(*made->token.expires_at);
  return out;
}

}  // namespace sluice::app
