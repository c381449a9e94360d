#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace sluice::secrets {

// 32 bytes in memory that is kept out of swap and core dumps where the system permits, and overwritten at the end.
class Key {
 public:
  static constexpr std::size_t kSize = 32;
  Key();
  Key(Key&& other) noexcept;
  Key& operator=(Key&& other) noexcept;
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key();
  [[nodiscard]] unsigned char* data() { return bytes_; }
  [[nodiscard]] const unsigned char* data() const { return bytes_; }
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes_), kSize}; }
  // Another key for every purpose; this one cannot be told from it.
  [[nodiscard]] Key derive(std::string_view purpose) const;
  // Says which key this is without giving anything of it away.
  [[nodiscard]] std::string fingerprint() const;

 private:
  unsigned char* bytes_;
};

// Reads DIR/secret.key. An error when its group or others may read it, or when it is not a key. not_found: none there.
Result<Key> read_key(const std::filesystem::path& file);
// Makes a new one, mode 0600, on the disk before this returns.
Result<Key> make_key(const std::filesystem::path& file, Random& random);

}  // namespace sluice::secrets
