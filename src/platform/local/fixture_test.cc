#include "platform/local/fixture_test.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/codec.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/proc.h"

namespace fs = std::filesystem;

namespace sluice::platform::local {
namespace {

constexpr const char* kServer = R"(
import http.server, os, signal, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write an answer: of half an answer no gateway can make a whole one
    def do_GET(self):
        body = open("text").read()
        if self.path == "/slow": time.sleep(1.5)
        if self.path == "/env": body = "\n".join(f"{k}={v}" for k, v in sorted(os.environ.items()))
        if self.path == "/headers": body = str(self.headers)
        if self.path == "/die": os._exit(9)
        body = body.encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
print("listening soon", flush=True)
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), os._exit(0)))
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
)";

int dial(std::uint16_t port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{20, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0) return fd;
  ::close(fd);
  return -1;
}

bool say(int fd, const std::string& text) {
  return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

Answer hear(int fd) {
  Answer answer;
  std::string text;
  char buffer[16384];
  std::size_t want = std::string::npos;
  while (true) {
    auto end = text.find("\r\n\r\n");
    if (end != std::string::npos && want == std::string::npos) {
      answer.head = text.substr(0, end + 2);
      auto lower = answer.head;
      for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      auto at = lower.find("content-length: ");
      want = end + 4 + (at == std::string::npos ? 0 : std::stoul(lower.substr(at + 16)));
    }
    if (want != std::string::npos && text.size() >= want) break;
    auto got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return {};
    text.append(buffer, static_cast<std::size_t>(got));
  }
  answer.status = std::stoi(text.substr(9, 3));
  answer.body = text.substr(text.find("\r\n\r\n") + 4);
  return answer;
}

}  // namespace

Answer get(std::uint16_t port, const std::string& host, const std::string& path, const std::string& more) {
  int fd = dial(port);
  if (fd < 0) return {};
  Answer answer;
  if (say(fd, "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + more + "Connection: close\r\n\r\n"))
    answer = hear(fd);
  ::close(fd);
  return answer;
}

Visitor::~Visitor() {
  if (fd_ >= 0) ::close(fd_);
}

Answer Visitor::get(const std::string& path) {
  bool fresh = fd_ < 0;
  if (fresh) fd_ = dial(port_);
  if (fd_ < 0) return {};
  Answer answer;
  if (say(fd_, "GET " + path + " HTTP/1.1\r\nHost: " + host_ + "\r\n\r\n")) answer = hear(fd_);
  bool closed = answer.status == 0 || answer.head.find("onnection: close") != std::string::npos;
  if (closed) {
    ::close(fd_);
    fd_ = -1;
  }
  // A server may close a kept connection at any time between two requests; a browser asks again, and so does this.
  if (answer.status == 0 && !fresh) return get(path);
  return answer;
}

void LocalTest::SetUp() {
  char name[] = "/tmp/sluice-pl-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  dir_ = name;
  logs_.emplace(dir_ / "logs");
  repositories_ = std::make_unique<source::Repositories>(dir_ / "repositories", dir_ / "scratch");
  auto probed = sandbox::Sandbox::probe(dir_ / "etc");
  ASSERT_TRUE(probed) << probed.error().message;
  sandbox_ = std::move(*probed);
  build::Builder::Dirs dirs{dir_ / "artifacts", dir_ / "caches", dir_ / "work"};
  builder_ = std::make_unique<build::Builder>(dirs, *repositories_, *sandbox_, clock_);
  open();
}

void LocalTest::open() {
  platform_.reset();
  LocalPlatform::Options options{dir_, "127.0.0.1", 0};
  options.report = [this](const std::string& sentence) {
    const std::lock_guard lock(reporting_);
    reported_.push_back(sentence);
  };
  auto started = LocalPlatform::start(std::move(options), *logs_, *builder_, *sandbox_, clock_);
  ASSERT_TRUE(started) << started.error().message;
  platform_ = std::move(*started);
}

std::vector<std::string> LocalTest::reported(const std::string& words) const {
  const std::lock_guard lock(reporting_);
  std::vector<std::string> out;
  for (const auto& sentence : reported_) {
    if (sentence.find(words) != std::string::npos) out.push_back(sentence);
  }
  return out;
}

void LocalTest::kill_supervised() const {
  const auto all = proc::all();
  std::vector<proc::Process> found;
  for (const auto& process : all) {
    std::error_code error;
    const auto at = fs::read_symlink("/proc/" + std::to_string(process.pid) + "/cwd", error);
    if (error || !at.string().starts_with(dir_.string() + "/")) continue;
    const auto name = read_file("/proc/" + std::to_string(process.pid) + "/comm", 100);
    if (!name || !name->starts_with("s6-")) continue;
    found.push_back(process);
    for (const auto& one : proc::descendants(all, process.pid)) found.push_back(one);
  }
  for (const auto& process : found) proc::send(process, SIGKILL);
}

void LocalTest::TearDown() {
  platform_.reset();
  auto down = LocalPlatform::down(dir_);
  EXPECT_TRUE(down) << down.error().message;
  EXPECT_TRUE(eventually([&] { return processes() == 0; })) << processes() << " processes are left";
  EXPECT_TRUE(remove_tree(dir_));
}

std::size_t LocalTest::processes() const { return proc::with_argument(dir_.string()).size(); }

std::string LocalTest::artifact(const std::map<std::string, std::string>& files, const build::Plan& plan) {
  std::string all;
  for (const auto& [name, text] : files) all += name + text;
  auto json = boost::json::serialize(codec::write(plan));
  auto name = "sha256-" + sha256_hex(all + json);
  auto path = dir_ / "artifacts" / name;
  EXPECT_TRUE(make_dirs(path / "tree"));
  for (const auto& [file, text] : files) EXPECT_TRUE(write_file(path / "tree" / file, text, 0755));
  EXPECT_TRUE(write_file(path / "plan.json", json));
  EXPECT_TRUE(write_file(path / "meta.json", "{}"));
  return name;
}

std::string LocalTest::web(const std::string& text, build::Plan plan) {
  if (plan.run.empty()) plan.run = "python3 server.py";
  return artifact({{"server.py", kServer}, {"text", text}}, plan);
}

pipeline::Work LocalTest::work(pipeline::WorkKind kind, const std::string& name) {
  auto& stage = stages_[name];
  pipeline::Work work;
  work.kind = kind;
  work.stack = {"stk_test0001"};
  work.stack_name = "shop";
  work.stage = {"stg_test0001" + name};
  work.stage_name = name;
  work.attempt = stage.attempt;
  work.deployment = stage.last;
  work.current = stage.current;
  work.instances = stage.instances;
  work.config = config_;
  work.config.instances = stage.instances;
  work.deadline = clock_.now() + std::chrono::minutes(1);
  return work;
}

Advance LocalTest::run(const pipeline::Work& piece, std::stop_token stop) {
  KeptLog log;
  auto environment = environment_;
  environment["SLUICE_STAGE"] = piece.stage_name;
  Context context{stop, piece.deadline, log, environment, config_, database_secret_};
  auto result = platform_->advance(piece, context);
  log_ += log.text;
  return result;
}

Advance LocalTest::deploy(const std::string& built, std::int64_t instances, const std::string& name) {
  auto& stage = stages_[name];
  stage.attempt += 1;
  stage.number += 1;
  stage.instances = instances;
  stage.last = {};
  stage.last.id = {fmt::format("dep_test0001{}{}", name, stage.attempt)};
  stage.last.change.number = stage.number;
  stage.last.attempt = stage.attempt;
  stage.last.artifact = built;
  using K = pipeline::WorkKind;
  for (auto kind : {K::publish, K::provision, K::release, K::start, K::verify, K::switch_over}) {
    auto result = run(work(kind, name));
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::holds_alternative<NotYet>(result) && std::chrono::steady_clock::now() < until) {
      auto again = work(kind, name);
      again.token = std::get<NotYet>(result).token;
      result = run(again);
    }
    if (!done(result)) return result;
    if (kind != K::switch_over) continue;
    pipeline::Current current;
    current.deployment = stage.last.id;
    current.change = stage.last.change;
    current.attempt = stage.attempt;
    current.artifact = built;
    current.instances = std::get<Done>(result).instances;
    stage.current = current;
  }
  return Done{};
}

Advance LocalTest::retire(const std::string& name) {
  while (true) {
    auto result = run(work(pipeline::WorkKind::retire, name));
    if (!std::holds_alternative<NotYet>(result)) return result;
  }
}

Answer LocalTest::visit(const std::string& stage, const std::string& path) {
  return get(platform_->gateway_port(), stage + ".shop.localhost", path);
}

std::shared_ptr<const pipeline::Stack> LocalTest::stack() const {
  auto out = std::make_shared<pipeline::Stack>();
  out->id = {"stk_test0001"};
  out->name = "shop";
  for (const auto& [name, stage] : stages_) {
    pipeline::Stage at;
    at.id = {"stg_test0001" + name};
    at.name = name;
    at.attempt = stage.attempt;
    at.current = stage.current;
    at.config = config_;
    at.config.instances = stage.instances;
    out->stages.push_back(at);
  }
  return out;
}

}  // namespace sluice::platform::local
