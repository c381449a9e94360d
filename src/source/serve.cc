#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <thread>

#include "source/git.h"
#include "source/sideband.h"
#include "source/source.h"
#include "source/upkeep.h"

namespace sluice::source {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kReportLimit = 8u << 20;  // a push's answer is a line a branch; more is no report

enum class Service { none, advertise, fetch, push };

Service service_of(const GitRequest& request) {
  if (request.method == "GET" && request.path_info == "/info/refs") {
    // Without one of these the request is of the dumb protocol, which is not served.
    for (const char* name : {"service=git-upload-pack", "service=git-receive-pack"}) {
      if (request.query == name) return Service::advertise;
    }
  }
  if (request.method == "POST" && request.path_info == "/git-upload-pack") return Service::fetch;
  if (request.method == "POST" && request.path_info == "/git-receive-pack") return Service::push;
  return Service::none;
}

Result<> answer_text(const GitAnswer& answer, int status, const std::string& text) {
  answer.head(status, {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-cache"}});
  return answer.body(text + "\n");
}

// A write to a git that has ended must give an error, not a signal.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, &before_);
  }
  ~WithoutSigpipe() {
    // One that came meanwhile is taken, so that it does not strike when the mask is lifted.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    const timespec now{};
    if (!::sigismember(&before_, SIGPIPE)) {
      while (::sigtimedwait(&pipe, nullptr, &now) > 0) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t before_{};
};

// The program itself: `git http-backend` would start it in a second step, twice a push.
const std::vector<std::string>& http_backend() {
  static const std::vector<std::string> command = []() -> std::vector<std::string> {
    ProcessCommand ask;
    ask.argv = {"git", "--exec-path"};
    ask.env = git_environment();
    const auto said = run(ask);
    if (!said || !said->ok()) return {"git", "http-backend"};
    return {said->out.substr(0, said->out.find('\n')) + "/git-http-backend"};
  }();
  return command;
}

// Passes the body on to its end. False when the client's side broke; a git that wants no more is no error here, as its
// answer says why.
bool feed(Child& child, const GitRequest& request) {
  const WithoutSigpipe quiet;
  std::vector<char> buffer(64u << 10);
  bool whole = true;
  while (true) {
    const auto got = request.read_body ? request.read_body(buffer.data(), buffer.size()) : Result<std::size_t>(0);
    if (!got) whole = false;
    if (!got || *got == 0) break;
    if (!child.write({buffer.data(), *got})) break;
  }
  child.close_input();
  return whole;
}

// CGI's head (RFC 3875): "Name: value" lines, an empty one, the body. `text` keeps what follows the head.
struct Head {
  int status = 200;
  Headers headers;
};
std::optional<Head> take_head(std::string& text) {
  Head head;
  std::size_t at = 0;
  while (true) {
    const auto end = text.find('\n', at);
    if (end == std::string::npos) return std::nullopt;
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name = line.substr(0, colon);
    const auto first = line.find_first_not_of(' ', colon + 1);
    const std::string value = first == std::string::npos ? "" : line.substr(first);
    if (name == "Status") {
      std::from_chars(value.data(), value.data() + value.size(), head.status);
    } else {
      head.headers.emplace_back(name, value);
    }
  }
  text.erase(0, at);
  return head;
}

std::string why(Child& child, const std::string& fallback) {
  const std::string errors = child.errors();
  return errors.empty() ? fallback : last_words(errors);
}

// Passes http-backend's answer on as it comes.
Result<> stream_answer(Child& child, const GitAnswer& answer) {
  std::string text;
  std::vector<char> buffer(64u << 10);
  bool begun = false;
  while (true) {
    const auto got = child.read(buffer.data(), buffer.size());
    if (!got) return fail(got.error());
    if (*got == 0) break;
    if (begun) {
      if (auto sent = answer.body({buffer.data(), *got}); !sent) return sent;
      continue;
    }
    text.append(buffer.data(), *got);
    const auto head = take_head(text);
    if (!head) {
      if (text.size() > (64u << 10)) break;
      continue;
    }
    begun = true;
    answer.head(head->status, head->headers);
    if (!text.empty()) {
      if (auto sent = answer.body(text); !sent) return sent;
    }
  }
  if (begun) {
    const int code = child.wait();
    // Git has told the client in its own protocol; this is for the server's log.
    if (code != 0) return fail(ErrorKind::failed, "git http-backend: " + why(child, "exit " + std::to_string(code)));
    return {};
  }
  return answer_text(answer, 500, "git could not answer: " + why(child, "it ended without a word"));
}

Result<std::string> collect(Child& child) {
  std::string text;
  std::vector<char> buffer(64u << 10);
  while (true) {
    const auto got = child.read(buffer.data(), buffer.size());
    if (!got) return fail(got.error());
    if (*got == 0) return text;
    // Beyond the limit it is read on, so that git can end.
    text.append(buffer.data(), std::min(*got, kReportLimit - std::min(kReportLimit, text.size())));
  }
}

// Whether nothing of a push was taken, by git's report (gitprotocol-pack); a report that says nothing of it is no such.
bool is_refused(const std::string& report) {
  const auto says = [&](const char* words) { return report.find(words) != std::string::npos; };
  if (says("unpack ") && !says("unpack ok")) return true;
  return says("ng refs/") && !says("ok refs/");
}

std::string why_refused(const std::string& report, const std::filesystem::path& repository) {
  int wrong = 0;
  if (report.find(std::strerror(ENOSPC)) != std::string::npos ||
      report.find(std::strerror(EDQUOT)) != std::string::npos) {
    wrong = ENOSPC;
  } else {
    // Git does not always say why it could not write.
    std::string probe = (repository / "objects" / "probe-XXXXXX").string();
    const int fd = ::mkstemp(probe.data());
    if (fd < 0) wrong = errno;
    if (fd >= 0 && ::write(fd, probe.data(), probe.size()) < 0) wrong = errno;
    if (fd >= 0) {
      ::close(fd);
      ::unlink(probe.c_str());
    }
  }
  if (wrong == ENOSPC || wrong == EDQUOT)
    return "nothing was taken: the server's disk is full; make room there, then push again\n";
  if (wrong != 0)
    return std::string("nothing was taken: the server cannot write its repositories (") + std::strerror(wrong) +
           "); let it, then push again\n";
  return "nothing was taken: the server's git could not, for the reason that it gives; `sluice doctor` looks at the "
         "server\n";
}

Result<> answer_push(Child& child, const std::filesystem::path& repository, const GitRequest& request,
                     const GitAnswer& answer, const std::function<Result<std::string>()>& pushed) {
  // Git may speak while it still listens: its answer is taken in beside, on a thread of its own.
  Result<std::string> text;
  std::thread reader([&] { text = collect(child); });
  const bool whole = feed(child, request);
  reader.join();
  const int code = child.wait();
  if (!text) return fail(text.error());
  auto head = take_head(*text);
  if (!head) return answer_text(answer, 500, "git could not take the push: " + why(child, "it ended without a word"));
  // Also when git ended badly the references may have moved: what is in the repository counts.
  Result<std::string> told;
  if (head->status == 200) told = is_refused(*text) ? why_refused(*text, repository) : pushed();
  if (!whole) return fail(ErrorKind::unavailable, "the connection broke in the middle of a push");
  const bool sideband = is_sideband(*text);
  // Killed before it could report; whether it had moved the branch by then is looked at above, as ever.
  const bool cut_off = code != 0 && head->status == 200 && !sideband && text->find("unpack ") == std::string::npos;
  if (cut_off) {
    *text = with_error(*text, "the push was cut off on the server; push again");
  } else if (!told) {
    if (!sideband) return answer_text(answer, 503, told.error().message);
    *text = with_error(*text, told.error().message);
  } else if (sideband && !told->empty()) {
    *text = with_progress(*text, *told);
  }
  answer.head(head->status, head->headers);
  if (auto sent = text->empty() ? Result<>() : answer.body(*text); !sent) return sent;
  if (code != 0) return fail(ErrorKind::failed, "git http-backend: " + why(child, "exit " + std::to_string(code)));
  return {};
}

}  // namespace

Result<> Repositories::serve(const pipeline::StackId& stack, const GitRequest& request, const GitAnswer& answer,
                             const std::function<Result<std::string>()>& pushed) {
  const Service service = service_of(request);
  if (service == Service::none) {
    if (request.method == "GET" && request.path_info == "/info/refs") {
      return answer_text(answer, 403, "this server speaks Git's smart HTTP protocol only; use git 1.6.6 or newer");
    }
    return answer_text(answer, 404, "there is nothing here but a Git repository, for git clone, fetch and push");
  }
  std::error_code error;
  if (!std::filesystem::exists(path(stack), error)) return answer_text(answer, 404, "there is no such repository");
  ProcessCommand command;
  command.argv = http_backend();
  command.env = git_environment();
  auto& env = *command.env;
  env.erase("GIT_COMMITTER_NAME");  // http-backend makes them from REMOTE_USER, for the reflog
  env.erase("GIT_COMMITTER_EMAIL");
  env["GATEWAY_INTERFACE"] = "CGI/1.1";
  env["SERVER_PROTOCOL"] = "HTTP/1.1";
  env["GIT_PROJECT_ROOT"] = std::filesystem::absolute(dir_);
  env["GIT_HTTP_EXPORT_ALL"] = "1";
  env["PATH_INFO"] = "/" + path(stack).filename().string() + request.path_info;
  env["REQUEST_METHOD"] = request.method;
  env["QUERY_STRING"] = request.query;
  env["REMOTE_ADDR"] = "sluice";
  if (!request.user.empty()) env["REMOTE_USER"] = request.user;
  if (!request.content_type.empty()) env["CONTENT_TYPE"] = request.content_type;
  if (!request.content_encoding.empty()) env["HTTP_CONTENT_ENCODING"] = request.content_encoding;
  if (!request.protocol.empty()) env["GIT_PROTOCOL"] = request.protocol;
  auto child = Child::start(command);
  if (!child) return fail(child.error());
  if (service == Service::push) {
    auto done = answer_push(*child, path(stack), request, answer, pushed);
    upkeep_->look_at(path(stack));
    return done;
  }
  // http-backend takes a fetch's request in whole (at most 10 MiB) before it says more than its head: no deadlock.
  if (service == Service::fetch && !feed(*child, request)) {
    return fail(ErrorKind::unavailable, "the connection broke in the middle of a request");
  }
  child->close_input();
  return stream_answer(*child, answer);
}

}  // namespace sluice::source
