#include "postgres/url.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace sluice::postgres {
namespace {

std::string why(std::string_view text) {
  auto url = Url::parse(text);
  return url ? "" : url.error().message;
}

TEST(DatabaseUrl, reads_every_part) {
  auto url = Url::parse("postgres://an%40na:p%2Fw%3a%25@db.example.com:6543/my%20db?sslmode=require&connect_timeout=5");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(
      *url,
      (Url{"db.example.com", 6543, "an@na", "p/w:%", "my db", {{"sslmode", "require"}, {"connect_timeout", "5"}}}));
  EXPECT_EQ(url->text(),
            "postgresql://an%40na:p%2Fw%3A%25@db.example.com:6543/my%20db?connect_timeout=5&sslmode=require");
}

TEST(DatabaseUrl, reads_what_may_be_left_out_and_what_looks_odd) {
  auto least = Url::parse("postgresql://u@h/d");
  ASSERT_TRUE(least);
  EXPECT_EQ(*least, (Url{"h", 5432, "u", "", "d", {}}));
  EXPECT_EQ(Url::parse("postgresql://u:@h:/d?")->port, 5432);
  EXPECT_EQ(Url::parse("postgresql://u:a:b?c=d&e@h/d")->password, "a:b?c=d&e") << "as libpq";
  EXPECT_EQ(Url::parse("postgresql://u:p@[fe80::1%25eth0]:1/d")->host, "fe80::1%eth0");
  EXPECT_EQ(Url::parse("postgresql://u:p@[::1]/d")->text(), "postgresql://u:p@[::1]:5432/d");
  EXPECT_EQ(Url::parse("postgresql://u:p@h/d?ssl=true")->settings.at("sslmode"), "require");
  EXPECT_EQ(Url::parse("postgresql://u:p@h/a/b")->database, "a/b");
}

TEST(DatabaseUrl, refuses_with_the_part_that_is_wrong) {
  EXPECT_NE(why("mysql://u:p@h/d").find("begin with postgresql://"), std::string::npos);
  EXPECT_NE(why("").find("begin with"), std::string::npos);
  EXPECT_NE(why("postgresql://").find("no user"), std::string::npos);
  EXPECT_NE(why("postgresql://h/d").find("no user"), std::string::npos);
  EXPECT_NE(why("postgresql://:p@h/d").find("no user"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@/d").find("no host"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@%2Frun%2Fpostgresql/d").find("Unix socket"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@a,b/d").find("several hosts"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@h").find("no database"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@h?sslmode=require").find("no database"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@h:0/d").find("port"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@h:65536/d").find("port"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@h:5x/d").find("port"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@[::1/d").find("]"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@[::1]5/d").find("neither"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p%4@h/d").find("%25"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p%00@h/d").find("control"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p%ff@h/d").find("UTF-8"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p q@h/d").find("%20"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p#q@h/d").find("%23"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@h/" + std::string(64, 'd')).find("63 bytes"), std::string::npos);
  EXPECT_NE(why("postgresql://u:p@h/d?" + std::string(5000, 'd')).find("4096"), std::string::npos);
}

TEST(DatabaseUrl, refuses_settings_by_name) {
  const std::string base = "postgresql://u:p@h/d?";
  EXPECT_NE(why(base + "sslmode=yes").find("verify-full"), std::string::npos);
  EXPECT_NE(why(base + "sslmode").find("NAME=VALUE"), std::string::npos);
  EXPECT_NE(why(base + "sslmode=a=b").find("%3D"), std::string::npos);
  EXPECT_EQ(why(base + "sslmode=require&"), "") << "as libpq";
  EXPECT_NE(why(base + "connect_timeout=soon").find("whole number"), std::string::npos);
  EXPECT_NE(why(base + "schema=public").find("known are"), std::string::npos);
  EXPECT_NE(why(base + "host=/run").find("before the ?"), std::string::npos);
  EXPECT_NE(why(base + "sslkey=/x").find("sandbox"), std::string::npos);
  EXPECT_NE(why(base + "sslmode=verify-full").find("sslrootcert=/etc"), std::string::npos);
  EXPECT_NE(why(base + "sslmode=verify-full&sslrootcert=/etc/ssl/certs/../private/x").find("must be a file in"),
            std::string::npos);
  EXPECT_EQ(why(base + "sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"), "");
}

TEST(DatabaseUrl, an_error_never_repeats_a_password_wherever_it_lands) {
  for (auto* text :
       {"postgresql://u:HUNTER2/x@h/d", "postgresql://u:HUNTER2@HUNTER2@h/d", "postgresql://u:1/HUNTER2?HUNTER2=x@h/d",
        "postgresql://u:%HUNTER2@h/d", "postgresql://u:HUNTER2@h:x/d", "postgresql://u:[HUNTER2/@h/d",
        "HUNTER2://u:HUNTER2@h/d", "postgresql://u:HUNTER2#@h/d", "postgresql://u:x@HUNTER2!/d",
        "postgresql://u:x@h/d?HUNTER2=1", "postgresql://u:x@h/d?sslmode=HUNTER2",
        "postgresql://u:x@h/d?connect_timeout=HUNTER2", "postgresql://u:x@h/d?sslrootcert=HUNTER2"}) {
    const auto said = why(text);
    EXPECT_NE(said, "") << text;
    EXPECT_EQ(said.find("HUNTER2"), std::string::npos) << said;
  }
}

TEST(DatabaseUrl, what_is_written_is_read_again) {
  const auto printable = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '\x7f')));
  EXPECT_TRUE(rc::check([&] {
    const auto name = [&] { return (*printable).substr(0, 63); };
    const Url url{"db-1.example.com",       *rc::gen::inRange<std::uint16_t>(1, 65535), name(), *printable, name(),
                  {{"options", *printable}}};
    const auto read = Url::parse(url.text());
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == url);
  }));
}

TEST(DatabaseUrl, gives_the_variables_that_apps_look_for) {
  const Url url{"h", 6543, "u", "p@", "d", {{"sslmode", "require"}}};
  const std::map<std::string, std::string> wanted{{"DATABASE_URL", "postgresql://u:p%40@h:6543/d?sslmode=require"},
                                                  {"PGHOST", "h"},
                                                  {"PGPORT", "6543"},
                                                  {"PGUSER", "u"},
                                                  {"PGPASSWORD", "p@"},
                                                  {"PGDATABASE", "d"},
                                                  {"PGSSLMODE", "require"},
                                                  {"PG_HOST", "h"},
                                                  {"PG_PORT", "6543"},
                                                  {"PG_USER", "u"},
                                                  {"PG_USERNAME", "u"},
                                                  {"PG_PASSWORD", "p@"},
                                                  {"PG_DATABASE", "d"}};
  EXPECT_EQ(variables(url), wanted);
}

}  // namespace
}  // namespace sluice::postgres
