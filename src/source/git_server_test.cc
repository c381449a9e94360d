#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "source/git_server.h"

namespace sluice::source {
namespace {

// The bytes of one connection, read ahead in pieces.
class Reader {
 public:
  explicit Reader(int fd) : fd_(fd) {}
  bool line(std::string& out) {
    out.clear();
    char c = 0;
    while (bytes(&c, 1) == 1) {
      if (c == '\n') {
        if (out.ends_with('\r')) out.pop_back();
        return true;
      }
      out += c;
    }
    return false;
  }
  ssize_t bytes(char* into, std::size_t size) {
    if (at_ == ahead_.size()) {
      ahead_.resize(64u << 10);
      const ssize_t got = ::recv(fd_, ahead_.data(), ahead_.size(), 0);
      ahead_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
      at_ = 0;
      if (got <= 0) return got;
    }
    const std::size_t take = std::min(size, ahead_.size() - at_);
    std::memcpy(into, ahead_.data() + at_, take);
    at_ += take;
    return static_cast<ssize_t>(take);
  }

 private:
  int fd_;
  std::string ahead_;
  std::size_t at_ = 0;
};

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

GitServer::GitServer(Repositories& repositories, pipeline::StackId stack, std::function<Result<std::string>()> pushed)
    : repositories_(repositories), stack_(std::move(stack)), pushed_(std::move(pushed)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0) ::abort();
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { accept_all(); });
}

GitServer::~GitServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  {
    const std::scoped_lock lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (auto& talk : talks_) talk.join();
  ::close(listener_);
}

std::string GitServer::url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/r.git"; }

std::vector<std::string> GitServer::errors() {
  const std::scoped_lock lock(mutex_);
  return errors_;
}

void GitServer::accept_all() {
  for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    const std::scoped_lock lock(mutex_);
    open_.push_back(fd);
    talks_.emplace_back([this, fd] {
      talk(fd);
      const std::scoped_lock closing(mutex_);
      open_.erase(std::find(open_.begin(), open_.end(), fd));
      ::close(fd);
    });
  }
}

void GitServer::talk(int fd) {
  Reader reader(fd);
  std::string line;
  if (!reader.line(line)) return;
  GitRequest request;
  request.method = line.substr(0, line.find(' '));
  std::string target = line.substr(line.find(' ') + 1);
  target = target.substr(0, target.find(' '));
  request.query = target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1);
  request.path_info = target.substr(0, target.find('?')).substr(std::strlen("/r.git"));
  request.user = "ann";
  long long left = 0;
  bool chunked = false;
  while (reader.line(line) && !line.empty()) {
    std::string name = line.substr(0, line.find(':'));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::string value = line.substr(line.find(':') + 2);
    if (name == "content-type") request.content_type = value;
    if (name == "content-encoding") request.content_encoding = value;
    if (name == "git-protocol") request.protocol = value;
    if (name == "content-length") left = std::stoll(value);
    if (name == "transfer-encoding") chunked = value == "chunked";
    if (name == "expect") send_all(fd, "HTTP/1.1 100 Continue\r\n\r\n");
  }
  bool ended = false;
  request.read_body = [&](char* into, std::size_t size) -> Result<std::size_t> {
    if (chunked && left == 0 && !ended) {
      if (!reader.line(line)) return fail(ErrorKind::unavailable, "gone");
      left = std::stoll(line, nullptr, 16);
      if (left == 0) ended = true;
    }
    if (left == 0) return 0U;
    const ssize_t got = reader.bytes(into, std::min(size, static_cast<std::size_t>(left)));
    if (got <= 0) return fail(ErrorKind::unavailable, "gone");
    left -= got;
    if (chunked && left == 0) reader.line(line);
    return static_cast<std::size_t>(got);
  };
  GitAnswer answer;
  answer.head = [&](int status, const std::vector<std::pair<std::string, std::string>>& headers) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\nConnection: close\r\n";
    for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
    send_all(fd, text + "\r\n");
  };
  answer.body = [&](std::string_view text) -> Result<> {
    if (!send_all(fd, text)) return fail(ErrorKind::unavailable, "gone");
    return {};
  };
  auto served = repositories_.serve(stack_, request, answer, pushed_);
  ::shutdown(fd, SHUT_WR);
  if (!served) {
    const std::scoped_lock lock(mutex_);
    errors_.push_back(served.error().message);
  }
}

}  // namespace sluice::source
