#include "postgres/port.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace sluice::postgres {

Result<std::uint16_t> free_port(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorKind::unavailable, std::string("cannot make a socket: ") + std::strerror(errno));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof in;
  const int yes = 1;  // as PostgreSQL does it: connections of before that linger are no hindrance
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool good = ::bind(fd, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0 && ::listen(fd, 1) == 0 &&
                    ::getsockname(fd, reinterpret_cast<sockaddr*>(&in), &size) == 0;
  const int number = errno;
  ::close(fd);
  if (good) return ntohs(in.sin_port);
  const auto where = "127.0.0.1:" + std::to_string(port);
  if (number == EADDRINUSE) {
    return fail(ErrorKind::conflict,
                "the port of the databases, " + where +
                    ", is taken by another program; apps know it, so end that program and try again");
  }
  return fail(ErrorKind::failed, "the databases cannot listen on " + where + ": " + std::strerror(number));
}

}  // namespace sluice::postgres
