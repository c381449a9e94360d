#include "supervise/s6.h"

extern "C" {
#include <s6/supervise.h>
#include <skalibs/djbtime.h>
}

#include <cerrno>
#include <cstring>
#include <vector>

namespace sluice::supervise::s6 {
namespace {

constexpr std::size_t kMostDeaths = 100;  // s6-supervise counts no more

Result<> written(int done, const std::filesystem::path& where) {
  if (done > 0) return {};
  return fail(ErrorKind::unavailable, "the supervisor of " + where.string() + " does not answer" +
                                          (done < 0 ? std::string(": ") + std::strerror(errno) : ""));
}

bool is_up(const s6_svstatus_t& now) { return now.pid != 0 && now.flagfinishing == 0; }

// The file outlives the s6-supervise that wrote it, and names a pid that may be another's by now.
bool read(const std::filesystem::path& service, s6_svstatus_t& now) {
  return s6_svc_ok(service.c_str()) == 1 && s6_svstatus_read(service.c_str(), &now) != 0;
}

}  // namespace

Status status(const std::filesystem::path& service) {
  Status out;
  s6_svstatus_t now{};
  if (!read(service, now)) return out;
  out.up = is_up(now);
  out.wanted_up = now.flagwantup != 0;
  out.pid = out.up ? static_cast<int>(now.pid) : 0;
  std::vector<s6_dtally_t> deaths(kMostDeaths);
  const auto count = s6_dtally_read(service.c_str(), deaths.data(), deaths.size());
  if (count <= 0) return out;
  out.deaths = static_cast<int>(count);
  const auto& last = deaths[static_cast<std::size_t>(count) - 1];
  out.exit_code = last.sig != 0 ? 128 + last.sig : last.exitcode;
  timespec at{};
  if (timespec_from_tain(&at, &last.stamp) != 0)
    out.died = Time(
        std::chrono::duration_cast<Duration>(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec)));
  return out;
}

int pid(const std::filesystem::path& service) {
  s6_svstatus_t now{};
  return read(service, now) && is_up(now) ? static_cast<int>(now.pid) : 0;
}

Result<> control(const std::filesystem::path& service, const char* letters) {
  return written(s6_svc_writectl(service.c_str(), S6_SUPERVISE_CTLDIR, letters, std::strlen(letters)), service);
}

Result<> control_all(const std::filesystem::path& scan, const char* letters) {
  return written(s6_svc_writectl(scan.c_str(), S6_SVSCAN_CTLDIR, letters, std::strlen(letters)), scan);
}

}  // namespace sluice::supervise::s6
