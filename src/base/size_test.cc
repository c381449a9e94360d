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

TEST(Size, is_written_in_the_largest_exact_unit) {
  EXPECT_EQ(size_text(1500), "1500 bytes");
  EXPECT_EQ(size_text(10 << 20), "10 MB");
  EXPECT_EQ(size_text(std::int64_t{2000} << 30), "2000 GB");
  EXPECT_EQ(size_text(0), "0 bytes");
}

}  // namespace
}  // namespace sluice
