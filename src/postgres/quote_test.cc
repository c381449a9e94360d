#include "postgres/quote.h"

#include <gtest/gtest.h>

#include "postgres/scram.h"

namespace sluice::postgres {
namespace {

class Zeros final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{0}); }
};

TEST(Quote, identifiers_literals_and_connection_strings) {
  EXPECT_EQ(identifier(R"(a"b'c\d)"), R"("a""b'c\d")");
  EXPECT_EQ(literal("it's"), "'it''s'");
  EXPECT_EQ(literal(R"(a\'b)"), R"(E'a\\''b')");
  EXPECT_EQ(literal(""), "''");
  EXPECT_EQ(conninfo_value(R"(it's \ here)"), R"('it\'s \\ here')");
}

// The example of RFC 7677, section 3: the same keys, arrived at by a client of its own.
TEST(Scram, a_verifier_is_what_the_standard_says) {
  const std::string kept =
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
  EXPECT_TRUE(scram_matches(kept, "pencil"));
  EXPECT_FALSE(scram_matches(kept, "pencil "));
  EXPECT_FALSE(scram_matches(kept, ""));
}

TEST(Scram, matches_its_own_password_only_and_nothing_that_is_no_verifier) {
  Zeros zeros;
  const auto kept = scram_verifier("one", zeros);
  EXPECT_TRUE(scram_matches(kept, "one"));
  EXPECT_FALSE(scram_matches(kept, "two"));
  for (auto* other : {"", "md5abc", "SCRAM-SHA-256$", "SCRAM-SHA-256$4096", "SCRAM-SHA-256$0:AAAA$A:B",
                      "SCRAM-SHA-256$x:AAAA$A:B", "SCRAM-SHA-256$99999999:AAAA$A:B", "SCRAM-SHA-256$1:!$A:B"}) {
    EXPECT_FALSE(scram_matches(other, "one")) << other;
  }
}

TEST(Scram, passwords_are_those_that_every_client_reads_the_same) {
  EXPECT_TRUE(check_password("a b'\"\\$:@/%~"));
  EXPECT_EQ(check_password("").error().kind, ErrorKind::invalid);
  EXPECT_EQ(check_password("gr\xc3\xbcn").error().kind, ErrorKind::invalid);
  EXPECT_EQ(check_password("a\nb").error().kind, ErrorKind::invalid);
  EXPECT_EQ(check_password(std::string(201, 'x')).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace sluice::postgres
