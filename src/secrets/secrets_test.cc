#include "secrets/secrets.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <sys/stat.h>

#include <fstream>

#include "base/files.h"
#include "store/story.h"

namespace sluice::secrets {
namespace {

using store::Story;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class SecretsTest : public testing::Test {
 protected:
  store::TempFolder folder;
  SystemRandom random;
  std::unique_ptr<store::Store> store = store::opened(folder.path());
  std::unique_ptr<Secrets> secrets = opened();
  Story story{*store};
  pipeline::StageId dev = story.adds_stage("dev", 0);

  std::unique_ptr<Secrets> opened() {
    auto made = Secrets::open(folder.path(), *store, random);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? std::move(*made) : nullptr;
  }
  Error refused() {
    auto made = Secrets::open(folder.path(), *store, random);
    EXPECT_FALSE(made);
    return made ? Error{} : made.error();
  }
  void save(pipeline::Revision revision, const Settings& settings) {
    auto row = secrets->seal(dev, revision, settings);
    ASSERT_TRUE(row) << row.error().message;
    auto batch = story.batch_of({pipeline::SettingsSaved{dev, revision, {"runtime/KEY"}}});
    batch.settings.push_back(*row);
    ASSERT_TRUE(store->commit({batch}));
  }
};

Settings sample() {
  Settings out;
  out.build["NODE_ENV"] = {"production", false};
  out.runtime["KEY"] = {"hunter2-hunter2", true};
  out.config.instances = 3;
  return out;
}

TEST_F(SecretsTest, settings_come_back_after_a_restart) {
  save(2, sample());
  secrets.reset();
  secrets = opened();
  auto read = secrets->read(dev, 2);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->build, sample().build);
  EXPECT_EQ(read->runtime, sample().runtime);
  EXPECT_EQ(read->config, sample().config);
  EXPECT_EQ(secrets->read(dev, 3).error().kind, ErrorKind::not_found);
}

TEST_F(SecretsTest, no_value_stands_in_the_data_directory) {
  save(2, sample());
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    auto content = read_file(entry.path());
    ASSERT_TRUE(content);
    EXPECT_EQ(content->find("hunter2-hunter2"), std::string::npos) << entry.path();
  }
}

TEST_F(SecretsTest, a_row_opens_in_its_own_place_only) {
  save(2, sample());
  auto row = secrets->seal(dev, 2, sample()).value();
  row.revision = 3;
  auto batch = story.batch_of({pipeline::SettingsSaved{dev, 3, {}}});
  batch.settings.push_back(row);
  ASSERT_TRUE(store->commit({batch}));
  auto read = secrets->read(dev, 3);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::failed);
  EXPECT_THAT(read.error().message, HasSubstr("settings revision 3"));
}

TEST_F(SecretsTest, a_row_that_was_changed_does_not_open) {
  for (std::size_t at : {0u, 1u, 20u, 30u, 60u}) {
    auto row = secrets->seal(dev, static_cast<pipeline::Revision>(at + 2), sample()).value();
    row.sealed[at] = static_cast<char>(row.sealed[at] ^ 4);
    auto batch = story.batch_of({pipeline::SettingsSaved{dev, row.revision, {}}});
    batch.settings.push_back(row);
    ASSERT_TRUE(store->commit({batch}));
    EXPECT_FALSE(secrets->read(dev, row.revision)) << at;
  }
}

TEST_F(SecretsTest, the_same_settings_are_sealed_differently_each_time) {
  EXPECT_NE(secrets->seal(dev, 2, sample())->sealed, secrets->seal(dev, 2, sample())->sealed);
}

TEST_F(SecretsTest, the_key_file_is_its_owners_alone) {
  const auto file = folder.path() / "secret.key";
  struct stat about {};
  ASSERT_EQ(::stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  for (mode_t mode : {0640, 0604, 0620}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_THAT(refused().message, HasSubstr("chmod 600"));
  }
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_TRUE(opened());
}

TEST_F(SecretsTest, a_missing_or_wrong_key_is_not_replaced_in_silence) {
  const auto file = folder.path() / "secret.key";
  const auto key = read_file(file).value();
  fs::remove(file);
  EXPECT_THAT(refused().message, HasSubstr("is missing"));
  EXPECT_FALSE(fs::exists(file));
  ASSERT_TRUE(write_file(file, std::string(32, 'x'), 0600));
  EXPECT_THAT(refused().message, HasSubstr("is not the key"));
  ASSERT_TRUE(write_file(file, "short", 0600));
  EXPECT_THAT(refused().message, HasSubstr("is not a key"));
  ASSERT_TRUE(write_file(file, key, 0600));
  EXPECT_TRUE(opened());
}

TEST_F(SecretsTest, a_mac_depends_on_key_purpose_and_text) {
  const auto mac = secrets->mac("build", "text");
  EXPECT_EQ(mac.size(), 64u);
  EXPECT_EQ(mac, opened()->mac("build", "text"));
  EXPECT_NE(mac, secrets->mac("hook", "text"));
  EXPECT_NE(mac, secrets->mac("build", "texts"));
  store::TempFolder other;
  auto other_store = store::opened(other.path());
  EXPECT_NE(mac, Secrets::open(other.path(), *other_store, random).value()->mac("build", "text"));
}

TEST(Variables, names_and_values_are_checked) {
  EXPECT_TRUE(check("KEY", "value"));
  EXPECT_TRUE(check("_k9", ""));
  EXPECT_TRUE(check(std::string(256, 'A'), std::string(64 * 1024, 'x')));
  for (const char* name : {"", "9K", "A-B", "A B", "A=B", "ä", "PORT"}) EXPECT_FALSE(check(name, "v")) << name;
  EXPECT_FALSE(check(std::string(257, 'A'), ""));
  auto nul = check("KEY", std::string("hunter\0two", 10));
  ASSERT_FALSE(nul);
  EXPECT_EQ(nul.error().fields.front().field, "KEY");
  EXPECT_THAT(nul.error().message, Not(HasSubstr("hunter")));
  EXPECT_FALSE(check("KEY", std::string(64 * 1024 + 1, 'x')));
  // A value typed where the name belongs is not repeated.
  auto slip = check("KEY=hunter2", "");
  ASSERT_FALSE(slip);
  EXPECT_THAT(slip.error().message, Not(HasSubstr("hunter2")));
}

TEST(Variables, are_limited_together) {
  Variables many;
  for (int i = 0; i < 1000; ++i) many["V" + std::to_string(i)] = {"x", false};
  EXPECT_TRUE(check(many));
  many["ONE_MORE"] = {"x", false};
  EXPECT_EQ(check(many).error().kind, ErrorKind::too_large);
  Variables large;
  for (int i = 0; i < 17; ++i) large["V" + std::to_string(i)] = {std::string(64 * 1024, 'x'), false};
  EXPECT_EQ(check(large).error().kind, ErrorKind::too_large);
}

TEST_F(SecretsTest, whatever_was_sealed_is_read) {
  pipeline::Revision revision = 1;
  EXPECT_TRUE(rc::check([&](const std::map<std::string, std::string>& values) {
    Settings settings;
    int next = 0;
    for (const auto& [key, value] : values) {
      std::string clean = value;
      std::erase(clean, '\0');
      settings.runtime["V" + std::to_string(next++)] = {clean, next % 2 == 0};
    }
    save(++revision, settings);
    auto read = secrets->read(dev, revision);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->runtime == settings.runtime);
  }));
}

}  // namespace
}  // namespace sluice::secrets
