#include "sandbox/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::sandbox {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
constexpr bool kHasX32 = true;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr bool kHasX32 = false;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_RISCV64;
constexpr bool kHasX32 = false;
#else
#error "say here what this processor's audit architecture is, and in which argument its clone() has the flags"
#endif
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);  // argument() takes the lower half

constexpr std::uint32_t kX32Bit = 0x4000'0000;
// CLONE_NEWTIME is a flag of unshare() and clone3() alone: to clone() it is a part of the signal.
constexpr std::uint32_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
constexpr std::uint32_t kNewTime = 0x80;
constexpr std::uint32_t kProtocolMptcp = 262,
                        kProtocolSmc = 256;    // TCP by another name, which the rule of ports does not know
constexpr std::uint32_t kLocalPortRange = 51;  // IP_LOCAL_PORT_RANGE: the kernel's pick, picked by the app

constexpr std::uint32_t kRefused[] = {
    // namespaces and mounts
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_open_by_handle_at,
    // keyrings
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    // the kernel itself
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_syslog,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_vhangup,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
#endif
};

// clone3() has its flags in memory, which a filter cannot see: who finds it missing takes clone(). io_uring does by
// other ways what a filter refuses.
constexpr std::uint32_t kMissing[] = {SYS_clone3, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register};

class Program {
 public:
  void load(std::size_t offset) { put(BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)); }
  void load_argument(int index) { load(offsetof(seccomp_data, args) + 8 * static_cast<std::size_t>(index)); }
  // `then` is done when what was loaded is `value`, else the rest.
  void when(std::uint32_t value, const Program& then) { put(BPF_JMP | BPF_JEQ | BPF_K, 0, then.size(), value, then); }
  void when_any(std::uint32_t bits, const Program& then) {
    put(BPF_JMP | BPF_JSET | BPF_K, 0, then.size(), bits, then);
  }
  void when_from(std::uint32_t least, const Program& then) {
    put(BPF_JMP | BPF_JGE | BPF_K, 0, then.size(), least, then);
  }
  void unless(std::uint32_t value, const Program& then) { put(BPF_JMP | BPF_JEQ | BPF_K, then.size(), 0, value, then); }
  [[nodiscard]] std::string bytes() const {
    return {reinterpret_cast<const char*>(code_.data()), code_.size() * sizeof(sock_filter)};
  }
  static Program answer(int error) {
    Program out;
    out.put(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
    return out;
  }
  static Program allow() {
    Program out;
    out.put(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
    return out;
  }
  void append(const Program& more) { code_.insert(code_.end(), more.code_.begin(), more.code_.end()); }

 private:
  [[nodiscard]] std::uint8_t size() const { return static_cast<std::uint8_t>(code_.size()); }
  void put(int code, std::uint8_t yes, std::uint8_t no, std::uint32_t k, const Program& then = {}) {
    code_.push_back({static_cast<std::uint16_t>(code), yes, no, k});
    append(then);
  }
  std::vector<sock_filter> code_;
};

Program namespaces(std::uint32_t flags) {
  Program out;
  out.load_argument(0);
  out.when_any(flags, Program::answer(EPERM));
  out.append(Program::allow());
  return out;
}

// Of a terminal's input queue.
Program ioctls() {
  Program out;
  out.load_argument(1);
  for (const std::uint32_t request : {TIOCSTI, TIOCLINUX}) out.when(request, Program::answer(EPERM));
  out.append(Program::allow());
  return out;
}

Program sockets() {
  Program protocols;
  protocols.load_argument(2);
  for (const std::uint32_t number : {kProtocolMptcp, kProtocolSmc})
    protocols.when(number, Program::answer(EPROTONOSUPPORT));
  protocols.append(Program::allow());
  Program out;
  out.load_argument(0);
  for (const std::uint32_t family : {AF_UNIX, AF_NETLINK}) out.when(family, Program::allow());
  for (const std::uint32_t family : {AF_INET, AF_INET6}) out.when(family, protocols);
  out.append(Program::answer(EAFNOSUPPORT));
  return out;
}

Program options(bool may_share_ports) {
  Program of_socket, of_ip, out;
  of_socket.load_argument(2);
  if (!may_share_ports) of_socket.when(SO_REUSEPORT, Program::answer(0));
  of_socket.append(Program::allow());
  of_ip.load_argument(2);
  of_ip.when(kLocalPortRange, Program::answer(ENOPROTOOPT));
  of_ip.append(Program::allow());
  out.load_argument(1);
  out.when(SOL_SOCKET, of_socket);
  out.when(IPPROTO_IP, of_ip);
  out.append(Program::allow());
  return out;
}

}  // namespace

std::string kernel_filter(bool may_share_ports) {
  Program out;
  out.load(offsetof(seccomp_data, arch));
  out.unless(kArchitecture, Program::answer(ENOSYS));  // the calls of another have other numbers
  out.load(offsetof(seccomp_data, nr));
  if (kHasX32) out.when_from(kX32Bit, Program::answer(ENOSYS));
  for (const std::uint32_t number : kRefused) out.when(number, Program::answer(EPERM));
  for (const std::uint32_t number : kMissing) out.when(number, Program::answer(ENOSYS));
  out.when(SYS_clone, namespaces(kNamespaces));
  out.when(SYS_unshare, namespaces(kNamespaces | kNewTime));
  out.when(SYS_ioctl, ioctls());
  out.when(SYS_socket, sockets());
  out.when(SYS_setsockopt, options(may_share_ports));
  out.append(Program::allow());
  return out.bytes();
}

}  // namespace sluice::sandbox
