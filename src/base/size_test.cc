#include "base/size.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Size, reads_what_people_write) {
  EXPECT_EQ(parse_size("512M"), 512 << 20);
  EXPECT_EQ(parse_size("16KiB"), 16384);
  EXPECT_EQ(parse_size("2GB"), std::int64_t{2} << 30);
  for (const char* bad : {"", "M", "1", "1T", "-1M", "1.5G", "1 M", " 1M", "9223372036854775807G", "0x1M"}) {
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
  }
}

TEST(Size, is_cut_where_no_unit_is_exact) {
  EXPECT_EQ(size_text(9'999), "9999 bytes");
  EXPECT_EQ(size_text(10'001), "9.7 KB");
  EXPECT_EQ(size_text(5'000'001), "4.7 MB");
  EXPECT_EQ(size_text(432'013'311), "411 MB") << "less than 412 MB is never called that";
  EXPECT_EQ(size_text((std::int64_t{20} << 20) + 1), "20.0 MB") << "more than 20 MB looks different";
  EXPECT_EQ(size_text((std::int64_t{3} << 40) + 1), "3072 GB");
}

TEST(Size, is_written_in_the_largest_exact_unit) {
  EXPECT_EQ(size_text(1536 << 10), "1.5 MB");
  EXPECT_EQ(size_text(std::int64_t{2500} << 20), "2500 MB");
  EXPECT_EQ(size_text(1500), "1500 bytes");
  EXPECT_EQ(size_text(10 << 20), "10 MB");
  EXPECT_EQ(size_text(std::int64_t{2000} << 30), "2000 GB");
  EXPECT_EQ(size_text(0), "0 bytes");
}

}  // namespace
}  // namespace sluice
