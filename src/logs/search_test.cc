#include "logs/search.h"

#include <gtest/gtest.h>

namespace sluice::logs {
namespace {

TEST(Level, is_read_as_the_loggers_of_many_languages_write_it) {
  const std::pair<const char*, std::optional<Level>> lines[] = {
      {R"({"level":"error","msg":"x"})", Level::error},                       // winston, zap
      {R"({"level":30,"time":1,"msg":"pino and bunyan"})", Level::info},      //
      {R"({"level":50,"msg":"x"})", Level::error},                            //
      {R"({"time":"…","level":"INFO","msg":"slog"})", Level::info},           //
      {R"({"levelname":"WARNING","message":"Python"})", Level::warn},         //
      {R"({"severity":"CRITICAL","message":"x"})", Level::fatal},             //
      {R"({"message":"x","level":400,"level_name":"ERROR"})", Level::error},  // Monolog
      {R"({"@t":"…","@l":"Debug","@m":"Serilog"})", Level::debug},            //
      {R"({"log.level":"warn","message":"x"})", Level::warn},                 // ECS
      {R"({"log":{"level":"Fatal"}})", Level::fatal},                         //
      {"  \t{\"lvl\":\"dbug\",\"severity\":\"err\"}", Level::error},
      {R"({"msg":"no level"})", std::nullopt},
      {R"({"level":"loud"})", std::nullopt},
      {R"({"level":5})", std::nullopt},
      {R"({"level":400})", std::nullopt},
      {R"({"level":{"a":1}})", std::nullopt},
      {R"({"level":"error")", std::nullopt},
      {R"(["level","error"])", std::nullopt},
      {"level=error msg=x", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [line, level] : lines) EXPECT_EQ(level_of(line), level) << line;
  EXPECT_EQ(level_of("{\"level\":\"info\",\"a\":\"" + std::string(100'000, 'x') + "\"}"), Level::info);
  EXPECT_EQ(level_of(std::string(100'000, '{')), std::nullopt);
}

TEST(Search, finds_words_in_any_case_under_colours) {
  const Search search{"Not FOUND", {}};
  EXPECT_TRUE(search.wants("page not found: /x"));
  EXPECT_TRUE(search.wants("not \x1b[31mfou\x1b[0;1mnd"));
  EXPECT_FALSE(search.wants("not\x1b[31m a thing found by \x1b[0"));
  EXPECT_FALSE(search.wants("found"));
  EXPECT_FALSE(search.wants(""));
  EXPECT_TRUE((Search{"a.b*", {}}).wants("xa.b*x")) << "words, not a pattern";
  EXPECT_FALSE((Search{"a.b", {}}).wants("axb"));
  EXPECT_TRUE(Search{}.wants(""));
  EXPECT_TRUE(Search{}.everything());
}

TEST(Search, wants_a_level_and_what_is_graver) {
  const Search search{"disk", Level::warn};
  EXPECT_TRUE(search.wants(R"({"level":"warn","msg":"disk full"})"));
  EXPECT_TRUE(search.wants(R"({"level":"fatal","msg":"disk gone"})"));
  EXPECT_FALSE(search.wants(R"({"level":"info","msg":"disk read"})"));
  EXPECT_FALSE(search.wants(R"({"level":"fatal","msg":"memory"})"));
  EXPECT_FALSE(search.wants("disk: a line without a level"));
}

}  // namespace
}  // namespace sluice::logs
