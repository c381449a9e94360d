#include "secrets/key.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "base/files.h"

namespace sluice::secrets {

Key::Key() : bytes_(static_cast<unsigned char*>(sodium_malloc(kSize))) {
  if (!bytes_) throw std::bad_alloc();
}
Key::Key(Key&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
Key& Key::operator=(Key&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}
Key::~Key() { sodium_free(bytes_); }  // overwrites it first

Key Key::derive(std::string_view purpose) const {
  Key out;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_, kSize);
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size());
  crypto_auth_hmacsha256_final(&state, out.bytes_);
  sodium_memzero(&state, sizeof state);
  return out;
}

std::string Key::fingerprint() const {
  Key derived = derive("fingerprint");
  char hex[2 * kSize + 1];
  sodium_bin2hex(hex, sizeof hex, derived.data(), kSize);
  return std::string(hex, 16);
}

Result<Key> read_key(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::failed,
                "cannot read " + file.string() + ": " + std::strerror(errno));
  }
  struct stat about {};
  const bool known = ::fstat(fd, &about) == 0;
  Key key;
  const auto got = ::read(fd, key.data(), Key::kSize);
  ::close(fd);
  if (!known || (about.st_mode & 0077) != 0) {
    return fail(ErrorKind::failed, file.string() + " may be used by others than its owner: run `chmod 600 " +
                                       file.string() + "`, and change the secret values if somebody has read it");
  }
  if (got != static_cast<ssize_t>(Key::kSize) || about.st_size != static_cast<off_t>(Key::kSize)) {
    return fail(ErrorKind::failed, file.string() + " is not a key of sluice (32 bytes): put it back from a backup");
  }
  return key;
}

Result<Key> make_key(const std::filesystem::path& file, Random& random) {
  Key key;
  random.fill({key.data(), Key::kSize});
  if (auto written = write_file(file, key.view(), 0600); !written) return fail(written.error());
  return key;
}

}  // namespace sluice::secrets
