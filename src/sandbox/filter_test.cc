#include "sandbox/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <thread>

// The filter itself, in a child of this process, without bubblewrap.
namespace sluice::sandbox {
namespace {

// What `tried` gives under the filter: 0, or the error's number.
int under_filter(bool may_share_ports, const std::function<long()>& tried) {
  const std::string code = kernel_filter(may_share_ports).value();
  const pid_t child = ::fork();
  if (child == 0) {
    sock_fprog program{static_cast<unsigned short>(code.size() / sizeof(sock_filter)),
                       reinterpret_cast<sock_filter*>(const_cast<char*>(code.data()))};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, 2, &program) != 0) ::_exit(255);
    ::_exit(tried() < 0 ? errno : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}
int tried(const std::function<long()>& what) { return under_filter(true, what); }

long option(int level, int name, int value) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  return ::setsockopt(fd, level, name, &value, sizeof value);
}

TEST(Filter, keeps_namespaces_and_mounts_away) {
  EXPECT_EQ(tried([] { return ::unshare(CLONE_NEWUSER); }), EPERM);
  EXPECT_EQ(tried([] { return ::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_FILES); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  EXPECT_EQ(tried([] { return ::syscall(SYS_setns, 0, 0); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_open_tree, -100, "/", 1); }), EPERM);
}

TEST(Filter, keeps_keyrings_and_the_kernel_s_own_interfaces_away) {
  EXPECT_EQ(tried([] { return ::syscall(SYS_keyctl, 0, -3, 0); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_add_key, "user", "a", "b", 1, -2); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_bpf, 0, nullptr, 0); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_userfaultfd, 1); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_syslog, 10, nullptr, 0); }), EPERM);
  EXPECT_EQ(tried([] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }), ENOSYS);
  char byte = 'x';
  EXPECT_EQ(tried([&] { return ::ioctl(0, TIOCSTI, &byte); }), EPERM);
}

TEST(Filter, lets_sockets_of_the_network_and_of_unix_be_and_no_others) {
  for (const int family : {AF_UNIX, AF_INET, AF_INET6})
    EXPECT_NE(tried([&] { return ::socket(family, SOCK_STREAM, 0); }), EPERM) << family;
  EXPECT_EQ(tried([] { return ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP); }), 0);
  EXPECT_EQ(tried([] { return ::socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP); }), 0);
  EXPECT_EQ(tried([] { return ::socket(AF_NETLINK, SOCK_RAW, 0); }), 0) << "getaddrinfo asks it for addresses";
  EXPECT_EQ(tried([] { return ::socket(AF_VSOCK, SOCK_STREAM, 0); }), EAFNOSUPPORT);
  EXPECT_EQ(tried([] { return ::socket(AF_ALG, SOCK_SEQPACKET, 0); }), EAFNOSUPPORT);
  EXPECT_EQ(tried([] { return ::socket(AF_PACKET, SOCK_RAW, 0); }), EAFNOSUPPORT);
  EXPECT_EQ(tried([] { return ::syscall(SYS_socket, 1L << 32 | AF_VSOCK, SOCK_STREAM, 0); }), EAFNOSUPPORT);
  EXPECT_EQ(tried([] { return ::syscall(SYS_socket, 64 + AF_INET, SOCK_STREAM, 0); }), EAFNOSUPPORT);
  EXPECT_EQ(tried([] { return ::socket(AF_INET, SOCK_STREAM, 262); }), EPROTONOSUPPORT) << "MPTCP";
}

TEST(Filter, a_port_is_shared_only_where_the_fence_keeps_others_from_it) {
  const auto shares = [] {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    int value = 1;
    socklen_t size = sizeof value;
    if (::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, size) != 0) return 100;
    ::getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &size);
    errno = value == 0 ? 77 : 0;
    return value == 0 ? -1 : 0;
  };
  EXPECT_EQ(under_filter(true, shares), 0);
  EXPECT_EQ(under_filter(false, shares), 77) << "taken, without an effect";
  EXPECT_EQ(tried([] { return option(IPPROTO_IP, 51, 3000 | 3000 << 16); }), ENOPROTOOPT);
  EXPECT_EQ(tried([] { return option(SOL_SOCKET, SO_REUSEADDR, 1); }), 0);
  EXPECT_EQ(tried([] { return option(IPPROTO_IP, IP_TOS, 0x10); }), 0);
  EXPECT_EQ(tried([] { return option(IPPROTO_TCP, 1, 1); }), 0) << "TCP_NODELAY";
}

TEST(Filter, lets_processes_and_threads_be_made) {
  EXPECT_EQ(tried([] {
              const pid_t child = ::fork();
              if (child == 0) ::_exit(0);
              return child < 0 ? -1L : 0L;
            }),
            0);
  EXPECT_EQ(tried([] {
              std::thread([] {}).join();
              return 0L;
            }),
            0);
  EXPECT_EQ(tried([] { return ::unshare(CLONE_FILES); }), 0);
}

#if defined(__x86_64__)
TEST(Filter, the_calls_of_other_architectures_are_missing) {
  EXPECT_EQ(tried([] { return ::syscall(0x40000000L | SYS_getpid); }), ENOSYS);
  EXPECT_EQ(tried([] {
              long answer = 20;  // getpid() of i386
              asm volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11");
              errno = answer < 0 ? static_cast<int>(-answer) : 0;
              return answer < 0 ? -1L : 0L;
            }),
            ENOSYS);
}
#endif

}  // namespace
}  // namespace sluice::sandbox
