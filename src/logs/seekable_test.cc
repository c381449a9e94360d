#include "logs/seekable.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "base/files.h"
#include "base/process.h"
#include "logs/test_folder.h"

namespace sluice::logs {
namespace {

std::string text_of(std::size_t size) {
  std::mt19937 random(7);
  std::string out;
  while (out.size() < size) out += "line " + std::to_string(random()) + " of a build\n";
  out.resize(size);
  return out;
}

TEST(Seekable, reads_any_part_of_what_was_compressed) {
  const TestFolder folder;
  const auto plain = text_of((5u << 20) + 12345);
  ASSERT_TRUE(write_file(folder.path / "log", plain));
  ASSERT_TRUE(compress_file(folder.path / "log", folder.path / "log.zst"));
  EXPECT_LT(std::filesystem::file_size(folder.path / "log.zst"), plain.size() / 2);
  const auto reader = SeekableReader::open(folder.path / "log.zst");
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(reader->size(), plain.size());
  constexpr std::uint64_t kMiB = 1u << 20;
  for (const std::uint64_t at :
       {std::uint64_t{0}, kMiB - 1, kMiB, kMiB + 1, 3 * kMiB + 77, plain.size() - 1, plain.size()})
    for (const std::size_t size : {1ul, 100ul, 3ul << 20})
      EXPECT_EQ(reader->read_at(at, size).value(), plain.substr(at, size)) << at << " " << size;
  EXPECT_EQ(reader->read_at(plain.size() + 5, 10).value(), "");
}

TEST(Seekable, an_empty_file_stays_one) {
  const TestFolder folder;
  ASSERT_TRUE(write_file(folder.path / "log", ""));
  ASSERT_TRUE(compress_file(folder.path / "log", folder.path / "log.zst"));
  const auto reader = SeekableReader::open(folder.path / "log.zst");
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->size(), 0u);
  EXPECT_EQ(reader->read_at(0, 10).value(), "");
}

TEST(Seekable, decompresses_whole_here_and_with_zstd_itself) {
  const TestFolder folder;
  const auto plain = text_of((2u << 20) + 5);
  ASSERT_TRUE(write_file(folder.path / "log", plain));
  ASSERT_TRUE(compress_file(folder.path / "log", folder.path / "log.zst"));
  ASSERT_TRUE(decompress_file(folder.path / "log.zst", folder.path / "again"));
  EXPECT_EQ(read_file(folder.path / "again").value(), plain);
  if (!program_exists("zstd")) GTEST_SKIP() << "zstd is not installed";
  ProcessCommand command;
  command.argv = {"zstd", "-q", "-d", "-o", (folder.path / "other").string(), (folder.path / "log.zst").string()};
  ASSERT_TRUE(run(command).value().ok());
  EXPECT_EQ(read_file(folder.path / "other").value(), plain);
}

TEST(Seekable, refuses_what_is_damaged) {
  const TestFolder folder;
  ASSERT_TRUE(write_file(folder.path / "log", text_of(3u << 20)));
  ASSERT_TRUE(compress_file(folder.path / "log", folder.path / "log.zst"));
  const auto whole = read_file(folder.path / "log.zst").value();
  const auto open = [&](const std::string& bytes) {
    EXPECT_TRUE(write_file(folder.path / "bad.zst", bytes));
    return SeekableReader::open(folder.path / "bad.zst");
  };
  EXPECT_FALSE(open(""));
  EXPECT_FALSE(open(whole.substr(0, whole.size() - 1)));
  EXPECT_FALSE(open(whole.substr(100)));
  std::string many = whole;
  many[many.size() - 6] = '\x7f';
  EXPECT_FALSE(open(many));
  std::string body = whole;
  for (std::size_t i = 1000; i < 1100; ++i) body[i] = static_cast<char>(~body[i]);
  const auto reader = open(body);
  ASSERT_TRUE(reader);
  EXPECT_TRUE(!reader->read_at(0, 10) || reader->read_at(0, 10).value() == text_of(10));
  EXPECT_EQ(SeekableReader::open(folder.path / "none.zst").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace sluice::logs
