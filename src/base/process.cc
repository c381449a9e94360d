#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice {
namespace {

using Clock_ = std::chrono::steady_clock;

struct Pipe {
  int read_end = -1, write_end = -1;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
  ~Pipe() {
    if (read_end >= 0) ::close(read_end);
    if (write_end >= 0) ::close(write_end);
  }
};

void close_fd(int& fd) {
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

std::string find_in_path(const std::string& name, const char* path) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? name : std::string();
  std::string_view rest = path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  while (!rest.empty()) {
    auto colon = rest.find(':');
    std::string candidate(rest.substr(0, colon));
    candidate += "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return {};
}

struct Start {
  const char *program, *cwd;  // cwd: null for this process's own
  char* const* argv;
  char* const* env;
  int in, out, err;  // -1: /dev/null
  int report;        // where the child's errno goes when exec or chdir fails
};

// A child that borrows this process's memory until it execs (vfork), so that a large server pays for no copy of its
// page tables. Everything it needs was made before; it makes only async-signal-safe calls, with every signal blocked.
pid_t start_child(const Start& start) {
  const pid_t pid = ::vfork();
  if (pid != 0) return pid;
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(start.in >= 0 ? start.in : null, 0);
  ::dup2(start.out >= 0 ? start.out : null, 1);
  ::dup2(start.err >= 0 ? start.err : null, 2);
  if (start.report != 3) ::dup2(start.report, 3);
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  ::syscall(SYS_close_range, 4U, ~0U, 0U);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!start.cwd || ::chdir(start.cwd) == 0) ::execve(start.program, start.argv, start.env);
  const int number = errno;
  auto ignored = ::write(3, &number, sizeof number);
  (void)ignored;
  ::_exit(127);
}

Result<int> spawn(const ProcessCommand& command, int in, int out, int err) {
  if (command.argv.empty()) return fail(ErrorKind::internal, "a process without a name was asked for");
  const char* path = ::getenv("PATH");
  if (command.env) {
    auto own = command.env->find("PATH");
    if (own != command.env->end()) path = own->second.c_str();
  }
  std::string program = find_in_path(command.argv[0], path);
  if (program.empty()) {
    return fail(ErrorKind::failed, "cannot run " + command.argv[0] + ": it is not installed (not found in PATH)");
  }
  std::vector<char*> argv;
  for (const auto& arg : command.argv) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  std::vector<std::string> env_text;
  std::vector<char*> env;
  if (command.env) {
    for (const auto& [name, value] : *command.env) env_text.push_back(name + "=" + value);
    for (auto& text : env_text) env.push_back(text.data());
    env.push_back(nullptr);
  }
  Pipe report;  // the child's errno when exec or chdir fails; closed by a successful exec
  if (!report.open()) return fail(ErrorKind::unavailable, "cannot make a pipe: " + std::string(std::strerror(errno)));
  const Start start{program.c_str(),
                    command.cwd.empty() ? nullptr : command.cwd.c_str(),
                    argv.data(),
                    command.env ? env.data() : environ,
                    in,
                    out,
                    err,
                    report.write_end};
  sigset_t every, before;
  ::sigfillset(&every);
  ::pthread_sigmask(SIG_SETMASK, &every, &before);
  const pid_t pid = start_child(start);
  const int failed = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return fail(ErrorKind::unavailable, "cannot start a process: " + std::string(std::strerror(failed)));
  close_fd(report.write_end);
  int number = 0;
  ssize_t got = 0;
  do {
    got = ::read(report.read_end, &number, sizeof number);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof number) {
    ::waitpid(pid, nullptr, 0);
    return fail(ErrorKind::failed, "cannot run " + command.argv[0] + (command.cwd.empty() ? "" : " in " + command.cwd) +
                                       ": " + std::strerror(number));
  }
  return pid;
}

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

Result<Finished> run(const ProcessCommand& command) {
  Pipe in, out, err;
  if ((!command.input.empty() && !in.open()) || !out.open() || !err.open()) {
    return fail(ErrorKind::unavailable, "cannot make a pipe: " + std::string(std::strerror(errno)));
  }
  auto started = spawn(command, in.read_end, out.write_end, err.write_end);
  if (!started) return fail(started.error());
  pid_t pid = *started;
  close_fd(in.read_end);
  close_fd(out.write_end);
  close_fd(err.write_end);
  if (in.write_end >= 0) ::fcntl(in.write_end, F_SETFL, O_NONBLOCK);
  int pid_fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));

  Finished finished;
  auto begin = Clock_::now();
  std::optional<Clock_::time_point> killed_at;
  bool killed_hard = false, exited = false;
  std::size_t written = 0;
  Pipe wake;  // a stop request ends the poll at once
  wake.open();
  std::stop_callback on_stop(command.stop, [&wake] {
    char byte = 0;
    auto ignored = ::write(wake.write_end, &byte, 1);
    (void)ignored;
  });
  std::optional<Clock_::time_point> drain_until;
  while (true) {
    auto now = Clock_::now();
    if (!killed_at && !exited) {
      bool over = command.time_limit && now - begin >= *command.time_limit;
      if (over || command.stop.stop_requested()) {
        (over ? finished.timed_out : finished.stopped) = true;
        killed_at = now;
        ::kill(-pid, SIGTERM);
      }
    } else if (killed_at && !killed_hard && now - *killed_at >= command.grace) {
      killed_hard = true;
      ::kill(-pid, SIGKILL);
    }
    // A child of the child may hold the pipes open after it has ended: what comes within a moment is still read.
    if (exited && ((out.read_end < 0 && err.read_end < 0) || now >= *drain_until)) break;
    int timeout = -1;
    auto at_most = [&](Clock_::time_point when) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(when - now).count() + 1;
      timeout = timeout < 0 ? static_cast<int>(std::max<long>(left, 0))
                            : std::min<int>(timeout, static_cast<int>(std::max<long>(left, 0)));
    };
    if (exited) at_most(*drain_until);
    if (command.time_limit && !killed_at) at_most(begin + *command.time_limit);
    if (killed_at && !killed_hard) at_most(*killed_at + command.grace);
    pollfd fds[5] = {{out.read_end, POLLIN, 0},
                     {err.read_end, POLLIN, 0},
                     {in.write_end, POLLOUT, 0},
                     {exited ? -1 : pid_fd, POLLIN, 0},
                     {killed_at ? -1 : wake.read_end, POLLIN, 0}};
    if (::poll(fds, 5, timeout) < 0 && errno != EINTR) break;
    char buffer[65536];
    auto drain = [&](int& fd, short events, bool is_error) {
      if (fd < 0 || events == 0) return;
      auto got = ::read(fd, buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) return;
      if (got <= 0) return close_fd(fd);
      std::string_view text(buffer, static_cast<std::size_t>(got));
      const auto& sink = is_error && command.on_error ? command.on_error : command.on_output;
      if (sink) return sink(text);
      auto& kept = is_error ? finished.err : finished.out;
      kept.append(text.substr(0, command.collect_limit - std::min(command.collect_limit, kept.size())));
    };
    drain(out.read_end, fds[0].revents, false);
    drain(err.read_end, fds[1].revents, true);
    if (fds[2].revents) {
      auto wrote = ::write(in.write_end, command.input.data() + written, command.input.size() - written);
      if (wrote > 0) written += static_cast<std::size_t>(wrote);
      if ((wrote < 0 && errno != EAGAIN && errno != EINTR) || written == command.input.size()) close_fd(in.write_end);
    }
    if (!exited && fds[3].revents) {
      int status = 0;
      if (::waitpid(pid, &status, 0) == pid) finished.exit_code = exit_code_of(status);
      exited = true;
      drain_until = Clock_::now() + std::chrono::milliseconds(200);
      // Whatever the command left behind in its group ends with it.
      ::kill(-pid, SIGKILL);
    }
  }
  if (pid_fd >= 0) ::close(pid_fd);
  return finished;
}

Result<Child> Child::start(const ProcessCommand& command) {
  Pipe in, out, err;
  if (!in.open() || !out.open() || !err.open()) {
    return fail(ErrorKind::unavailable, "cannot make a pipe: " + std::string(std::strerror(errno)));
  }
  auto pid = spawn(command, in.read_end, out.write_end, err.write_end);
  if (!pid) return fail(pid.error());
  Child child;
  child.pid_ = *pid;
  child.in_ = std::exchange(in.write_end, -1);
  child.out_ = std::exchange(out.read_end, -1);
  child.err_ = std::exchange(err.read_end, -1);
  ::fcntl(child.err_, F_SETFL, O_NONBLOCK);
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      in_(std::exchange(other.in_, -1)),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)),
      errors_(std::move(other.errors_)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(in_, other.in_);
  std::swap(out_, other.out_);
  std::swap(err_, other.err_);
  std::swap(errors_, other.errors_);
  return *this;
}

Child::~Child() {
  close_fd(in_);
  close_fd(out_);
  close_fd(err_);
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

Result<> Child::write(std::string_view bytes) {
  while (!bytes.empty()) {
    auto wrote = ::write(in_, bytes.data(), bytes.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return fail(ErrorKind::failed, std::string("the process closed its input: ") + std::strerror(errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

void Child::close_input() { close_fd(in_); }

Result<std::size_t> Child::read(char* into, std::size_t size) {
  while (true) {
    pollfd fds[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return fail(ErrorKind::failed, std::string("cannot wait for a process: ") + std::strerror(errno));
    }
    if (fds[1].revents) {  // kept drained, so that a talkative child never blocks on it
      char buffer[4096];
      auto got = ::read(err_, buffer, sizeof buffer);
      if (got > 0)
        errors_.append(buffer, std::min<std::size_t>(static_cast<std::size_t>(got),
                                                     65536 - std::min<std::size_t>(65536, errors_.size())));
      if (got == 0) close_fd(err_);
    }
    if (!fds[0].revents) continue;
    auto got = ::read(out_, into, size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::failed, std::string("cannot read from a process: ") + std::strerror(errno));
    return static_cast<std::size_t>(got);
  }
}

std::string Child::errors() {
  char buffer[4096];
  ssize_t got = 0;
  while (err_ >= 0 && (got = ::read(err_, buffer, sizeof buffer)) > 0) {
    if (errors_.size() < 65536) errors_.append(buffer, static_cast<std::size_t>(got));
  }
  return errors_;
}

int Child::wait() {
  if (pid_ <= 0) return 0;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return exit_code_of(status);
}

void Child::kill() {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

bool program_exists(const std::string& name) { return !find_in_path(name, ::getenv("PATH")).empty(); }

}  // namespace sluice
