#include "base/codec.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

BOOST_DEFINE_ENUM_CLASS(Colour, red, green)
struct Inner {
  std::string name;
  std::optional<std::int64_t> size;
  bool operator==(const Inner&) const = default;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (name, size))
struct Other {
  bool on = false;
  bool operator==(const Other&) const = default;
};
BOOST_DESCRIBE_STRUCT(Other, (), (on))
struct Outer {
  Id<struct Tag> id;
  Colour colour = Colour::red;
  Time at{};
  Duration length{};
  std::vector<Inner> inner;
  std::map<std::string, std::int64_t> counts;
  std::variant<Inner, Other> either;
  bool operator==(const Outer&) const = default;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (id, colour, at, length, inner, counts, either))

TEST(Codec, what_is_written_is_read_again) {
  Outer outer;
  outer.id.value = "x_1";
  outer.colour = Colour::green;
  outer.at = *from_rfc3339("2026-01-31T09:30:00.250Z");
  outer.length = Duration(1500);
  outer.inner = {{"a", 1}, {"b", std::nullopt}};
  outer.counts = {{"k", 3}};
  outer.either = Other{true};
  auto json = codec::write(outer);
  EXPECT_EQ(json.at("either").at("type").as_string(), "Other");
  EXPECT_EQ(json.at("at").as_string(), "2026-01-31T09:30:00.250Z");
  auto again = codec::read<Outer>(json);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, outer);
}

TEST(Codec, an_unknown_a_missing_and_a_wrong_member_are_named) {
  auto parse = [](const char* text) { return codec::read<Inner>(boost::json::parse(text)); };
  EXPECT_EQ(parse(R"({"name":"a","colour":1})").error().fields[0].field, "colour");
  EXPECT_EQ(parse(R"({})").error().message, "name: is missing");
  EXPECT_EQ(parse(R"({"name":"a","size":"big"})").error().message, "size: must be a whole number");
  auto nested = codec::read<Outer>(boost::json::parse(R"({"id":"a","colour":"blue"})"));
  EXPECT_EQ(nested.error().message, "colour: must be one of red, green");
}

}  // namespace
}  // namespace sluice
