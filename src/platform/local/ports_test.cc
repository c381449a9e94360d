#include "platform/local/ports.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::platform::local {
namespace {

// Bound to a port of loopback that the kernel picked.
class Bound {
 public:
  explicit Bound(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = family == AF_INET ? reinterpret_cast<sockaddr*>(&four) : reinterpret_cast<sockaddr*>(&six);
    socklen_t size = family == AF_INET ? sizeof four : sizeof six;
    there = fd_ >= 0 && ::bind(fd_, address, size) == 0 && ::getsockname(fd_, address, &size) == 0;
    port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
  }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;
  ~Bound() { ::close(fd_); }
  bool listen() { return ::listen(fd_, 1) == 0; }
  bool there = false;
  std::int64_t port = 0;

 private:
  int fd_;
};

TEST(Ports, listening_are_those_of_these_processes) {
  Bound four(AF_INET), quiet(AF_INET);
  ASSERT_TRUE(four.there && quiet.there && four.listen());
  const auto own = listening({::getpid()});
  EXPECT_TRUE(own.contains(four.port));
  EXPECT_FALSE(own.contains(quiet.port));
  EXPECT_FALSE(listening({::getppid()}).contains(four.port));
  EXPECT_TRUE(listening({}).empty());
  {
    Bound six(AF_INET6);
    if (!six.there) GTEST_SKIP() << "this machine has no IPv6";
    ASSERT_TRUE(six.listen());
    EXPECT_TRUE(listening({::getpid()}).contains(six.port));
  }
}

TEST(Ports, a_free_one_is_outside_what_the_kernel_hands_out_and_not_taken) {
  const auto port = free_port({});
  ASSERT_TRUE(port);
  EXPECT_TRUE(is_free(*port));
  std::set<std::int64_t> all_but_one;
  for (std::int64_t other = 1; other <= 65'535; ++other)
    if (other != *port) all_but_one.insert(other);
  EXPECT_EQ(free_port(all_but_one).value(), *port);
  all_but_one.insert(*port);
  EXPECT_EQ(free_port(all_but_one).error().kind, ErrorKind::unavailable);
}

TEST(Ports, a_refusal_is_known_by_the_words_of_the_usual_languages) {
  using Lines = std::vector<std::string>;
  EXPECT_TRUE(tells_of_refused_port({"Error: listen EACCES: permission denied 0.0.0.0:3000"}));
  EXPECT_TRUE(tells_of_refused_port({"listen tcp :3000: bind: permission denied", "exit status 1"}));
  EXPECT_TRUE(tells_of_refused_port(
      {"    self.socket.bind(self.server_address)", "PermissionError: [Errno 13] Permission denied"}));
  EXPECT_TRUE(tells_of_refused_port({"Permission denied - bind(2) for \"127.0.0.1\" port 3000 (Errno::EACCES)"}));
  EXPECT_FALSE(tells_of_refused_port({"./start.sh: Permission denied"}));
  EXPECT_FALSE(tells_of_refused_port({"listening on 3000", "bye"}));
  EXPECT_FALSE(tells_of_refused_port(Lines{}));
}

}  // namespace
}  // namespace sluice::platform::local
