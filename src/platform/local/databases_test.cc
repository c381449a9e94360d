#include "platform/local/databases.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/files.h"

namespace fs = std::filesystem;

namespace sluice::platform::local {
namespace {

TEST(Databases, R9_1_what_a_killed_copy_left_goes_at_the_start) {
  std::string name = (fs::temp_directory_path() / "sluice-databases-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  const fs::path dir = name;
  ASSERT_TRUE(write_file(dir / "copy-stg_1.dump", "half"));
  ASSERT_TRUE(make_dirs(dir / "backups" / "stg_1"));
  ASSERT_TRUE(write_file(dir / "backups" / "stg_1" / "copy-1.dump", "kept"));
  ASSERT_TRUE(write_file(dir / "port", "1"));
  Databases(dir, {}).sweep();
  EXPECT_FALSE(fs::exists(dir / "copy-stg_1.dump"));
  EXPECT_TRUE(fs::exists(dir / "backups" / "stg_1" / "copy-1.dump"));
  EXPECT_TRUE(fs::exists(dir / "port"));
  EXPECT_TRUE(remove_tree(dir));
}

}  // namespace
}  // namespace sluice::platform::local
