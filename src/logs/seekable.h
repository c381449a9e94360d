#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

// Compressed files that can be read from the middle: Zstandard frames of 1 MiB each and a table of them at the end, as
// the "Zstandard Seekable Format" 0.1.0 lays it out, so that plain `zstd -d` reads them too.
namespace sluice::logs {

// Writes beside `to` and renames, so that `to` is whole or not there. Memory does not grow with the file.
Result<> compress_file(const std::filesystem::path& from, const std::filesystem::path& to);
Result<> decompress_file(const std::filesystem::path& from, const std::filesystem::path& to);

// A file descriptor that closes itself.
class File {
 public:
  static Result<File> open(const std::filesystem::path& path, int flags, int mode = 0640);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();
  [[nodiscard]] int fd() const { return fd_; }
  // Up to `size` bytes; fewer at the end of the file only.
  [[nodiscard]] Result<std::string> read_at(std::uint64_t offset, std::size_t size) const;
  [[nodiscard]] Result<> write_all(std::string_view bytes) const;

 private:
  explicit File(int fd) : fd_(fd) {}
  int fd_ = -1;
};

class SeekableReader {
 public:
  static Result<SeekableReader> open(const std::filesystem::path& path);
  [[nodiscard]] std::uint64_t size() const { return size_; }  // uncompressed
  // Decompresses only the frames that hold what is asked for.
  [[nodiscard]] Result<std::string> read_at(std::uint64_t offset, std::size_t size) const;

 private:
  struct Frame {
    std::uint64_t at, plain_at;
    std::uint32_t size, plain_size;
  };
  SeekableReader(File file, std::vector<Frame> frames, std::uint64_t size)
      : file_(std::move(file)), frames_(std::move(frames)), size_(size) {}
  [[nodiscard]] Result<std::string> frame(const Frame& frame) const;

  File file_;
  std::vector<Frame> frames_;
  std::uint64_t size_;
};

}  // namespace sluice::logs
