#include "sandbox/filter.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>

namespace sluice::sandbox {
namespace {

// CLONE_NEWTIME is a flag of unshare() alone: to clone() it is a part of the signal.
constexpr std::uint32_t kNamespaces[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                         CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
constexpr std::uint32_t kNewTime = 0x80;
// TCP by another name, which the rule of ports does not know: MPTCP, SMC.
constexpr std::uint32_t kOtherTcp[] = {262, 256};
constexpr std::uint32_t kLocalPortRange = 51;  // IP_LOCAL_PORT_RANGE: the kernel's pick, picked by the app
constexpr std::uint32_t kFamilies = 64;        // more than there are, and a power of two

constexpr int kRefused[] = {
    // namespaces and mounts
    SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(open_tree),
    SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr), SCMP_SYS(open_by_handle_at),
    // keyrings
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl),
    // the kernel itself
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(syslog), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(reboot),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd),
    SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(vhangup), SCMP_SYS(iopl), SCMP_SYS(ioperm)};

// clone3() has its flags in memory, which a filter cannot see: who finds it missing takes clone(). io_uring does by
// other ways what a filter refuses.
constexpr int kMissing[] = {SCMP_SYS(clone3), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
                            SCMP_SYS(io_uring_register)};

// The kernel takes the lower half of these arguments, whatever the upper one says.
scmp_arg_cmp is(unsigned argument, std::uint32_t value) {
  return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, 0xffff'ffff, value);
}
scmp_arg_cmp has(unsigned argument, std::uint32_t bits) { return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bits, bits); }

class Rules {
 public:
  Rules() : context_(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release) {
    note(context_ ? 0 : -ENOMEM);
    if (!context_) return;
    note(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
    note(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));  // a tree: every call pays for its depth
  }
  void refuse(int error, int call, std::initializer_list<scmp_arg_cmp> when = {}) {
    if (!context_) return;
    note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), call,
                                static_cast<unsigned>(when.size()), when.begin()));
  }
  Result<std::string> bytes() {
    const int file = ::memfd_create("filter", MFD_CLOEXEC);
    if (file < 0) note(-errno);
    std::string out;
    if (file >= 0 && problem_ == 0) {
      note(seccomp_export_bpf(context_.get(), file));
      out.resize(static_cast<std::size_t>(::lseek(file, 0, SEEK_END)));
      if (::pread(file, out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) note(-EIO);
    }
    if (file >= 0) ::close(file);
    if (problem_ == 0) return out;
    return fail(ErrorKind::internal,
                std::string("the filter of the kernel's calls was not made: ") + std::strerror(-problem_));
  }

 private:
  void note(int result) {
    if (result < 0 && problem_ == 0) problem_ = result;
  }
  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int problem_ = 0;
};

void refuse_families(Rules& rules) {
  const auto is_plain = [](std::uint32_t family) {
    return family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
  };
  for (std::uint32_t family = 0; family < kFamilies; ++family)
    if (!is_plain(family)) rules.refuse(EAFNOSUPPORT, SCMP_SYS(socket), {is(0, family)});
  for (std::uint32_t bit = kFamilies; bit != 0; bit <<= 1) rules.refuse(EAFNOSUPPORT, SCMP_SYS(socket), {has(0, bit)});
}

}  // namespace

Result<std::string> kernel_filter(bool may_share_ports) {
  Rules rules;
  for (const int call : kRefused) rules.refuse(EPERM, call);
  for (const int call : kMissing) rules.refuse(ENOSYS, call);
  for (const auto flag : kNamespaces) {
    rules.refuse(EPERM, SCMP_SYS(clone), {has(0, flag)});
    rules.refuse(EPERM, SCMP_SYS(unshare), {has(0, flag)});
  }
  rules.refuse(EPERM, SCMP_SYS(unshare), {has(0, kNewTime)});
  for (const std::uint32_t request : {TIOCSTI, TIOCLINUX}) rules.refuse(EPERM, SCMP_SYS(ioctl), {is(1, request)});
  refuse_families(rules);
  for (const std::uint32_t family : {AF_INET, AF_INET6})
    for (const auto protocol : kOtherTcp)
      rules.refuse(EPROTONOSUPPORT, SCMP_SYS(socket), {is(0, family), is(2, protocol)});
  rules.refuse(ENOPROTOOPT, SCMP_SYS(setsockopt), {is(1, IPPROTO_IP), is(2, kLocalPortRange)});
  if (!may_share_ports) rules.refuse(0, SCMP_SYS(setsockopt), {is(1, SOL_SOCKET), is(2, SO_REUSEPORT)});
  return rules.bytes();
}

}  // namespace sluice::sandbox
