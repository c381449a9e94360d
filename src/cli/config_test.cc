#include "cli/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>

#include "base/files.h"
#include "cli/cli.h"

namespace sluice::cli {
namespace {
namespace fs = std::filesystem;

class Config : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "sluice-cli-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    values_["XDG_CONFIG_HOME"] = dir_.string();
  }
  void TearDown() override { fs::remove_all(dir_); }
  Environment env() {
    return [this](const char* name) -> std::optional<std::string> {
      auto found = values_.find(name);
      if (found == values_.end() || found->second.empty()) return std::nullopt;
      return found->second;
    };
  }
  fs::path dir_;
  std::map<std::string, std::string> values_;
};

TEST_F(Config, a_login_is_kept_for_the_owner_only_and_read_back) {
  ASSERT_TRUE(keep_login(env(), {"http://127.0.0.1:7420", "slc_secret"}));
  struct stat file {};
  ASSERT_EQ(stat((dir_ / "sluice/config.json").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  auto login = find_login(env());
  ASSERT_TRUE(login);
  EXPECT_EQ(login->url, "http://127.0.0.1:7420");
  EXPECT_EQ(login->token, "slc_secret");
  EXPECT_TRUE(forget_login(env()).value());
  EXPECT_FALSE(forget_login(env()).value());
}

TEST_F(Config, without_a_login_the_error_says_what_to_type) {
  auto login = find_login(env());
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().kind, ErrorKind::unauthenticated);
  EXPECT_NE(login.error().message.find("sluice login"), std::string::npos);
  EXPECT_EQ(exit_of(login.error().kind), Exit::not_allowed);
}

TEST_F(Config, the_environment_overrides_what_is_kept) {
  ASSERT_TRUE(keep_login(env(), {"http://a:1", "kept"}));
  values_["SLUICE_TOKEN"] = "other";
  EXPECT_EQ(find_login(env())->token, "other");
  EXPECT_EQ(find_login(env())->url, "http://a:1");
  values_["SLUICE_URL"] = "http://b:2/";
  EXPECT_EQ(find_login(env())->url, "http://b:2");
}

TEST_F(Config, a_kept_token_is_never_sent_to_another_server) {
  ASSERT_TRUE(keep_login(env(), {"http://a:1", "kept"}));
  values_["SLUICE_URL"] = "http://evil:2";
  auto login = find_login(env());
  ASSERT_FALSE(login);
  EXPECT_NE(login.error().message.find("SLUICE_TOKEN"), std::string::npos);
  values_["SLUICE_URL"] = "http://a:1/";
  EXPECT_EQ(find_login(env())->token, "kept");
}

TEST_F(Config, a_damaged_file_is_named) {
  ASSERT_TRUE(make_dirs(dir_ / "sluice"));
  ASSERT_TRUE(write_file(dir_ / "sluice/config.json", "{", 0600));
  auto login = find_login(env());
  ASSERT_FALSE(login);
  EXPECT_NE(login.error().message.find("config.json"), std::string::npos);
}

TEST(ServerUrl, is_made_whole) {
  EXPECT_EQ(server_url("http://127.0.0.1:7420/").value(), "http://127.0.0.1:7420");
  EXPECT_EQ(server_url("127.0.0.1:7420").value(), "http://127.0.0.1:7420");
  EXPECT_EQ(server_url("https://example.org/sluice//").value(), "https://example.org/sluice");
  EXPECT_EQ(origin_of("https://example.org/sluice"), "https://example.org");
}

TEST(ServerUrl, refuses_passwords_other_schemes_and_nonsense) {
  for (const char* wrong :
       {"ftp://a", "http://", "", "http://me:pw@host", "http://a b", "http://a?x=1", "http://a#f"}) {
    auto url = server_url(wrong);
    ASSERT_FALSE(url) << wrong;
    EXPECT_EQ(exit_of(url.error().kind), Exit::usage);
    EXPECT_EQ(url.error().message.find("pw@"), std::string::npos);
  }
}

TEST_F(Config, a_secret_comes_from_a_file_without_its_last_line_break) {
  ASSERT_TRUE(write_file(dir_ / "key", "line one\nline two\n"));
  EXPECT_EQ(secret_value("@" + (dir_ / "key").string(), "KEY").value(), "line one\nline two");
  EXPECT_EQ(secret_value("plain", "KEY").value(), "plain");
  auto missing = secret_value("@" + (dir_ / "none").string(), "KEY");
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().message.starts_with("KEY: "));
}

}  // namespace
}  // namespace sluice::cli
