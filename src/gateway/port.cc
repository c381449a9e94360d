#include "gateway/port.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::gateway {

Result<std::uint16_t> try_port(const std::string& address, std::uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &in.sin_addr) != 1) {
    return fail_field("gateway", address + " is no IPv4 address");
  }
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorKind::unavailable, std::string("cannot make a socket: ") + std::strerror(errno));
  int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  socklen_t size = sizeof in;
  bool good = ::bind(fd, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0 && ::listen(fd, 1) == 0 &&
              ::getsockname(fd, reinterpret_cast<sockaddr*>(&in), &size) == 0;
  int number = errno;
  ::close(fd);
  if (good) return ntohs(in.sin_port);
  auto where = fmt::format("{}:{}", address, port);
  if (number == EADDRINUSE) {
    return fail(ErrorKind::conflict, "the gateway's port " + where +
                                         " is taken by another program: choose another with --gateway " + address +
                                         ":PORT (0: any free one)");
  }
  return fail(ErrorKind::failed, "the gateway cannot listen on " + where + ": " + std::strerror(number));
}

}  // namespace sluice::gateway
