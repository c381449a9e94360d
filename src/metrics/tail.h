#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::metrics {

// Reads on in a folder that s6-log writes (`current`, and older files named by the moment they were put away), each
// line once, also over rotation and over a restart of this process. What was taken away before it was read is missed.
class Tail {
 public:
  // A place between two lines. The file is known by its inode and how it begins, since inodes are used again.
  struct Place {
    std::uint64_t inode = 0, offset = 0;
    std::string begins;
    bool operator==(const Place&) const = default;
  };
  // From `place` where that file is still there, else from the oldest line there is.
  Tail(std::filesystem::path folder, Place place);
  Tail(const Tail&) = delete;
  Tail& operator=(const Tail&) = delete;
  ~Tail();

  // Gives every whole line that was written since, without its end. A folder that is not there has none.
  void read(const std::function<void(std::string_view line)>& take);
  // Behind the last line that was given.
  [[nodiscard]] const Place& place() const { return place_; }

 private:
  bool open_next();
  void drain(const std::function<void(std::string_view line)>& take);
  void close();

  std::filesystem::path folder_;
  Place place_;
  int fd_ = -1;  // of the file that place_ is in; it may have been put away, or removed, since
};

}  // namespace sluice::metrics
