#include "store/encode.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <optional>

#include "base/codec.h"

namespace sluice::store {
namespace {

using namespace pipeline;

// A value with every member set to something; text that JSON must escape among it.
template <class T>
T filled(int& next) {
  using namespace codec::detail;
  if constexpr (std::is_same_v<T, bool>) {
    return ++next % 2 == 0;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(1);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(++next % 3 == 0 ? -next : next);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "\"text\" \\ \n\t\x01\x7f ä " + std::to_string(++next);
  } else if constexpr (std::is_same_v<T, Time>) {
    return Time(Duration(1'800'000'000'123 + ++next));
  } else if constexpr (std::is_same_v<T, Duration>) {
    return Duration(++next);
  } else if constexpr (IsId<T>::value) {
    return T{"id_" + std::to_string(++next)};
  } else if constexpr (IsOptional<T>::value) {
    return T(filled<typename T::value_type>(next));
  } else if constexpr (IsVector<T>::value) {
    return T{filled<typename T::value_type>(next), filled<typename T::value_type>(next)};
  } else {
    T out{};
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_any_access>>([&](auto member) {
      using M = std::decay_t<decltype(out.*member.pointer)>;
      out.*member.pointer = filled<M>(next);
    });
    return out;
  }
}

TEST(Encode, a_stack_reads_as_it_was_written) {
  int next = 0;
  for (const Stack& stack : {Stack{}, filled<Stack>(next)}) {
    EXPECT_EQ(boost::json::parse(encode(stack)), codec::write(stack));
    auto read = decode_stack(encode(stack));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, stack);
  }
}

TEST(Encode, bytes_that_are_not_utf8_can_be_read_again) {
  auto read = decode_event(encode(EventBody(ChoreDelayed{{}, {}, {}, "it said caf\xe9", {}})));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(std::get<ChoreDelayed>(*read).problem, "it said caf\ufffd");
}

TEST(Encode, every_event_reads_as_it_was_written) {
  int next = 0;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, EventBody>>([&](auto kind) {
    using E = typename decltype(kind)::type;
    const EventBody body = filled<E>(next);
    EXPECT_EQ(boost::json::parse(encode(body)), codec::write(body)) << encode(body);
    auto read = decode_event(encode(body));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(codec::write(*read), codec::write(body));
    EXPECT_EQ(type_of(body), codec::type_name<E>());
    EXPECT_EQ(body.index(), read->index());
  });
}

TEST(Encode, what_is_not_ours_is_said) {
  EXPECT_FALSE(decode_stack("{"));
  EXPECT_FALSE(decode_stack("{}"));
  EXPECT_FALSE(decode_event(R"({"type":"Nothing"})"));
  EXPECT_FALSE(decode_event("[]"));
}

}  // namespace
}  // namespace sluice::store
