#include "logs/seekable.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

namespace sluice::logs {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kFrame = 1u << 20;
constexpr int kLevel = 3;
// The numbers of the format.
constexpr std::uint32_t kSkippableMagic = 0x184D2A5E;
constexpr std::uint32_t kSeekableMagic = 0x8F92EAB1;
constexpr std::size_t kFooter = 9;  // number of frames, flags, magic
constexpr std::size_t kEntry = 8;   // compressed size, plain size

tl::unexpected<Error> system_failure(const std::string& what) {
  const int code = errno;
  const auto kind = code == ENOENT ? ErrorKind::not_found : ErrorKind::failed;
  return fail(kind, fmt::format("{}: {}", what, std::generic_category().message(code)));
}

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xffu);
}

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

tl::unexpected<Error> damaged(const fs::path& path) {
  return fail(ErrorKind::failed, fmt::format("the compressed log {} is damaged", path.string()));
}

// Writes a whole new file under another name first.
template <class Fill>
Result<> write_beside(const fs::path& to, Fill fill) {
  fs::path beside = to;
  beside += ".tmp";
  auto done = [&]() -> Result<> {
    auto file = File::open(beside, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file) return fail(std::move(file.error()));
    if (auto filled = fill(*file); !filled) return filled;
    if (::rename(beside.c_str(), to.c_str()) != 0) return system_failure("cannot rename " + beside.string());
    return {};
  }();
  if (!done) ::unlink(beside.c_str());
  return done;
}

}  // namespace

Result<File> File::open(const fs::path& path, int flags, int mode) {
  int fd = -1;
  do fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return system_failure("cannot open " + path.string());
  return File(fd);
}
File::File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::string> File::read_at(std::uint64_t offset, std::size_t size) const {
  std::string out(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const auto n = ::pread(fd_, out.data() + got, size - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_failure("cannot read a log");
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return out;
}

Result<> File::write_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_failure("cannot write a log");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<> compress_file(const fs::path& from, const fs::path& to) {
  auto source = File::open(from, O_RDONLY);
  if (!source) return fail(std::move(source.error()));
  return write_beside(to, [&](const File& target) -> Result<> {
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
    std::string packed(ZSTD_compressBound(kFrame), '\0');
    std::string table;
    std::uint32_t frames = 0;
    for (std::uint64_t offset = 0;; offset += kFrame) {
      auto plain = source->read_at(offset, kFrame);
      if (!plain) return fail(std::move(plain.error()));
      if (plain->empty()) break;
      const auto size =
          ZSTD_compressCCtx(context.get(), packed.data(), packed.size(), plain->data(), plain->size(), kLevel);
      if (ZSTD_isError(size)) return fail(ErrorKind::internal, "a log cannot be compressed");
      if (auto written = target.write_all(std::string_view(packed).substr(0, size)); !written) return written;
      append_u32(table, static_cast<std::uint32_t>(size));
      append_u32(table, static_cast<std::uint32_t>(plain->size()));
      ++frames;
      if (plain->size() < kFrame) break;
    }
    std::string head;
    append_u32(head, kSkippableMagic);
    append_u32(head, static_cast<std::uint32_t>(table.size() + kFooter));
    append_u32(table, frames);
    table += '\0';
    append_u32(table, kSeekableMagic);
    return target.write_all(head + table);
  });
}

Result<> decompress_file(const fs::path& from, const fs::path& to) {
  auto source = SeekableReader::open(from);
  if (!source) return fail(std::move(source.error()));
  return write_beside(to, [&](const File& target) -> Result<> {
    for (std::uint64_t offset = 0; offset < source->size(); offset += kFrame) {
      auto plain = source->read_at(offset, kFrame);
      if (!plain) return fail(std::move(plain.error()));
      if (auto written = target.write_all(*plain); !written) return written;
    }
    return {};
  });
}

Result<SeekableReader> SeekableReader::open(const fs::path& path) {
  auto file = File::open(path, O_RDONLY);
  if (!file) return fail(std::move(file.error()));
  struct stat info {};
  if (::fstat(file->fd(), &info) != 0) return system_failure("cannot look at " + path.string());
  const auto length = static_cast<std::uint64_t>(info.st_size);
  if (length < kFooter + 8) return damaged(path);
  auto footer = file->read_at(length - kFooter, kFooter);
  if (!footer) return fail(std::move(footer.error()));
  if (footer->size() != kFooter || read_u32(*footer, 5) != kSeekableMagic || (*footer)[4] != '\0') return damaged(path);
  const std::uint64_t count = read_u32(*footer, 0);
  const std::uint64_t table_size = count * kEntry + kFooter + 8;
  if (table_size > length) return damaged(path);
  auto table = file->read_at(length - table_size, static_cast<std::size_t>(table_size));
  if (!table) return fail(std::move(table.error()));
  if (table->size() != table_size || read_u32(*table, 0) != kSkippableMagic) return damaged(path);

  std::vector<Frame> frames;
  frames.reserve(static_cast<std::size_t>(count));
  std::uint64_t at = 0;
  std::uint64_t plain_at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Frame frame{at, plain_at, read_u32(*table, 8 + i * kEntry), read_u32(*table, 12 + i * kEntry)};
    if (frame.plain_size > kFrame) return damaged(path);
    at += frame.size;
    plain_at += frame.plain_size;
    frames.push_back(frame);
  }
  if (at + table_size != length) return damaged(path);
  return SeekableReader(std::move(*file), std::move(frames), plain_at);
}

Result<std::string> SeekableReader::frame(const Frame& frame) const {
  auto packed = file_.read_at(frame.at, frame.size);
  if (!packed) return packed;
  std::string plain(frame.plain_size, '\0');
  const auto size = ZSTD_decompress(plain.data(), plain.size(), packed->data(), packed->size());
  if (ZSTD_isError(size) || size != plain.size()) return fail(ErrorKind::failed, "a compressed log is damaged");
  return plain;
}

Result<std::string> SeekableReader::read_at(std::uint64_t offset, std::size_t size) const {
  std::string out;
  auto at = std::ranges::upper_bound(frames_, offset, {}, [](const Frame& f) { return f.plain_at + f.plain_size; });
  for (; at != frames_.end() && out.size() < size; ++at) {
    auto plain = frame(*at);
    if (!plain) return plain;
    const auto skip = static_cast<std::size_t>(offset + out.size() - at->plain_at);
    out.append(*plain, skip, size - out.size());
  }
  return out;
}

}  // namespace sluice::logs
