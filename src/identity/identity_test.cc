#include "identity/identity.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "base/files.h"
#include "store/story.h"

namespace sluice::identity {
namespace {

using pipeline::ActorKind;
using pipeline::Role;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

class TestClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return Time(Duration(ms_.load())); }
  void pass(Duration d) { ms_ += d.count(); }

 private:
  std::atomic<std::int64_t> ms_{1'800'000'000'000};
};

class IdentityTest : public testing::Test {
 protected:
  store::TempFolder folder;
  TestClock clock;
  SystemRandom random;
  std::unique_ptr<store::Store> store = store::opened(folder.path());
  std::unique_ptr<Identity> identity = Identity::open(*store, clock, random);

  void restart() {
    identity.reset();
    store.reset();
    store = store::opened(folder.path());
    identity = Identity::open(*store, clock, random);
  }
  NewToken token(const std::string& name, Role role = Role::developer, std::optional<Duration> expires_in = {}) {
    auto made = identity->create_token(name, role, expires_in);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? *made : NewToken{};
  }
  ErrorKind kind_of(const Result<Caller>& caller) {
    EXPECT_FALSE(caller);
    return caller ? ErrorKind::internal : caller.error().kind;
  }
};

TEST_F(IdentityTest, a_token_opens_what_its_role_says) {
  auto made = token("ci", Role::viewer);
  EXPECT_THAT(made.secret, testing::MatchesRegex("slc_[0-9a-z]{32}"));
  auto caller = identity->by_token(made.secret);
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_EQ(caller->actor, (pipeline::Actor{ActorKind::token, "ci", Role::viewer}));
  EXPECT_EQ(caller->credential, made.token.id);
  EXPECT_TRUE(identity->valid(made.token.id));
  restart();
  EXPECT_TRUE(identity->by_token(made.secret));
}

TEST_F(IdentityTest, what_is_not_a_token_opens_nothing) {
  auto made = token("ci");
  auto near = made.secret;
  near.back() = near.back() == '0' ? '1' : '0';
  for (const std::string& secret : {std::string(), std::string("slc_"), near, made.secret + "0", made.token.id,
                                    made.secret.substr(4), std::string(100'000, 'a')}) {
    EXPECT_EQ(kind_of(identity->by_token(secret)), ErrorKind::unauthenticated);
  }
  EXPECT_EQ(kind_of(identity->by_session(made.secret)), ErrorKind::unauthenticated);
  EXPECT_EQ(kind_of(identity->by_session("")), ErrorKind::unauthenticated);
  EXPECT_FALSE(identity->valid("tok_none"));
}

TEST_F(IdentityTest, a_token_is_revoked_by_id_and_by_name) {
  auto one = token("one"), two = token("two");
  ASSERT_TRUE(identity->revoke(one.token.id));
  ASSERT_TRUE(identity->revoke("two"));
  EXPECT_EQ(identity->revoke("two").error().kind, ErrorKind::not_found);
  for (const auto& gone : {one, two}) {
    EXPECT_EQ(kind_of(identity->by_token(gone.secret)), ErrorKind::unauthenticated);
    EXPECT_FALSE(identity->valid(gone.token.id));
  }
  restart();
  EXPECT_FALSE(identity->by_token(one.secret));
  EXPECT_THAT(identity->tokens(), IsEmpty());
}

TEST_F(IdentityTest, a_token_expires) {
  auto made = token("ci", Role::admin, std::chrono::hours(1));
  EXPECT_EQ(made.token.expires_at, clock.now() + std::chrono::hours(1));
  clock.pass(std::chrono::minutes(59));
  EXPECT_TRUE(identity->by_token(made.secret));
  auto session = identity->sign_in(made.secret).value();
  clock.pass(std::chrono::minutes(1));
  EXPECT_FALSE(identity->by_token(made.secret));
  EXPECT_FALSE(identity->by_session(session.first));
  EXPECT_FALSE(identity->sign_in(made.secret));
  EXPECT_FALSE(identity->valid(made.token.id));
  restart();
  EXPECT_FALSE(identity->by_token(made.secret));
  // Its name is free again.
  auto next = token("ci");
  EXPECT_TRUE(identity->by_token(next.secret));
  EXPECT_FALSE(identity->by_token(made.secret));
  EXPECT_THAT(identity->tokens(), SizeIs(1));
}

TEST_F(IdentityTest, names_of_living_tokens_are_unique_and_short) {
  token("ci");
  auto again = identity->create_token("ci", Role::viewer, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  for (const std::string& name : {std::string(), std::string(65, 'x'), std::string("a\nb"), std::string("tok_x")}) {
    EXPECT_EQ(identity->create_token(name, Role::viewer, {}).error().kind, ErrorKind::invalid);
  }
  EXPECT_FALSE(identity->create_token("x", Role::viewer, Duration(0)));
  EXPECT_FALSE(identity->create_token("x", Role::viewer, Duration::max()));
  EXPECT_THAT(identity->tokens(), SizeIs(1));
}

TEST_F(IdentityTest, another_process_may_make_and_revoke_tokens) {
  auto other_store = store::opened(folder.path());
  auto other = Identity::open(*other_store, clock, random);
  auto made = other->create_token("cli", Role::admin, {}).value();
  EXPECT_TRUE(identity->by_token(made.secret));
  EXPECT_THAT(identity->tokens(), SizeIs(1));
  EXPECT_FALSE(identity->create_token("cli", Role::viewer, {}));
  ASSERT_TRUE(identity->revoke("cli"));
  EXPECT_FALSE(identity->by_token(made.secret));
  EXPECT_TRUE(identity->create_token("cli", Role::viewer, {}));
}

TEST_F(IdentityTest, the_last_use_is_noted_behind_the_request) {
  auto made = token("ci");
  EXPECT_FALSE(identity->tokens().front().last_used_at);
  ASSERT_TRUE(identity->by_token(made.secret));
  EXPECT_EQ(identity->tokens().front().last_used_at, clock.now());
  const Time first = clock.now();
  clock.pass(std::chrono::seconds(59));
  ASSERT_TRUE(identity->by_token(made.secret));
  restart();  // within the minute the first note is the one that is kept
  EXPECT_EQ(identity->tokens().front().last_used_at, first);
  clock.pass(std::chrono::seconds(2));
  ASSERT_TRUE(identity->by_token(made.secret));
  restart();
  EXPECT_EQ(identity->tokens().front().last_used_at, clock.now());
}

TEST_F(IdentityTest, a_use_does_not_bring_back_a_revoked_token) {
  auto made = token("ci");
  ASSERT_TRUE(identity->by_token(made.secret));
  ASSERT_TRUE(identity->revoke("ci"));
  restart();
  EXPECT_FALSE(identity->by_token(made.secret));
  EXPECT_THAT(store->list("credential used"), IsEmpty());
}

TEST_F(IdentityTest, a_session_lives_on_over_a_restart) {
  auto made = token("ann", Role::admin);
  auto session = identity->sign_in(made.secret);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->second.actor, (pipeline::Actor{ActorKind::token, "ann", Role::admin}));
  EXPECT_TRUE(session->second.credential.starts_with("ses_"));
  restart();
  auto caller = identity->by_session(session->first);
  ASSERT_TRUE(caller) << caller.error().message;
  EXPECT_EQ(caller->credential, session->second.credential);
  EXPECT_TRUE(identity->valid(caller->credential));
  EXPECT_EQ(kind_of(identity->by_token(session->first)), ErrorKind::unauthenticated);
}

TEST_F(IdentityTest, a_session_ends_with_its_token_by_signing_out_and_by_idling) {
  auto made = token("ann", Role::admin);
  auto idle = identity->sign_in(made.secret).value();
  auto busy = identity->sign_in(made.secret).value();
  auto left = identity->sign_in(made.secret).value();
  identity->sign_out(left.first);
  EXPECT_FALSE(identity->by_session(left.first));
  EXPECT_FALSE(identity->valid(left.second.credential));
  for (int i = 0; i < 2; ++i) {
    clock.pass(std::chrono::hours(24 * 15));
    EXPECT_TRUE(identity->by_session(busy.first));
  }
  EXPECT_FALSE(identity->by_session(idle.first));
  restart();
  EXPECT_FALSE(identity->by_session(idle.first));
  EXPECT_FALSE(identity->by_session(left.first));
  EXPECT_TRUE(identity->by_session(busy.first));
  ASSERT_TRUE(identity->revoke("ann"));
  EXPECT_FALSE(identity->by_session(busy.first));
  EXPECT_FALSE(identity->valid(busy.second.credential));
  restart();
  EXPECT_FALSE(identity->by_session(busy.first));
  EXPECT_THAT(store->list("session"), IsEmpty());
}

TEST_F(IdentityTest, sessions_of_one_token_are_bounded) {
  auto made = token("bot");
  auto first = identity->sign_in(made.secret).value();
  for (int i = 0; i < 100; ++i) {
    clock.pass(Duration(1));
    ASSERT_TRUE(identity->sign_in(made.secret));
  }
  EXPECT_FALSE(identity->by_session(first.first));
  EXPECT_THAT(store->list("session"), SizeIs(100));
}

TEST_F(IdentityTest, the_first_sign_in_is_good_once) {
  auto code = identity->first_sign_in();
  ASSERT_TRUE(code);
  EXPECT_GE(code->size(), 20u);
  EXPECT_EQ(identity->sign_in("0000-0000").error().kind, ErrorKind::unauthenticated);
  EXPECT_EQ(identity->sign_in("").error().kind, ErrorKind::unauthenticated);
  auto session = identity->sign_in(*code);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->second.actor.role, Role::admin);
  EXPECT_TRUE(identity->by_session(session->first));
  EXPECT_FALSE(identity->sign_in(*code));
  restart();
  EXPECT_FALSE(identity->sign_in(*code));
  EXPECT_TRUE(identity->by_session(session->first));
  EXPECT_FALSE(identity->first_sign_in());  // there is an admin now
}

TEST_F(IdentityTest, the_code_is_good_over_a_restart_until_a_newer_one) {
  auto first = identity->first_sign_in().value();
  restart();
  auto typed = first;
  for (char& c : typed) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(identity->sign_in(" " + typed + "\n"));

  store::TempFolder other;
  auto other_store = store::opened(other.path());
  auto fresh = Identity::open(*other_store, clock, random);
  auto old_code = fresh->first_sign_in().value();
  auto new_code = fresh->first_sign_in().value();
  EXPECT_NE(old_code, new_code);
  EXPECT_FALSE(fresh->sign_in(old_code));
  EXPECT_TRUE(fresh->sign_in(new_code));
}

TEST_F(IdentityTest, there_is_no_code_where_an_admin_exists) {
  auto code = identity->first_sign_in().value();
  token("ci", Role::developer);
  EXPECT_TRUE(identity->first_sign_in());
  auto admin = token("ann", Role::admin, std::chrono::hours(1));
  EXPECT_FALSE(identity->first_sign_in());
  EXPECT_FALSE(identity->sign_in(code));
  clock.pass(std::chrono::hours(2));
  EXPECT_TRUE(identity->first_sign_in());
}

TEST_F(IdentityTest, of_many_who_show_the_code_one_gets_in) {
  auto code = identity->first_sign_in().value();
  std::atomic<int> in{0};
  std::vector<std::thread> people;
  for (int i = 0; i < 8; ++i) {
    people.emplace_back([&] {
      if (identity->sign_in(code)) ++in;
    });
  }
  for (auto& person : people) person.join();
  EXPECT_EQ(in, 1);
}

TEST_F(IdentityTest, no_secret_stands_in_the_data_directory) {
  auto code = identity->first_sign_in().value();
  auto made = token("ann", Role::admin);
  auto session = identity->sign_in(made.secret).value();
  std::string plain = code;
  std::erase(plain, '-');
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    auto content = read_file(entry.path()).value();
    for (const auto& secret : {made.secret, made.secret.substr(4), session.first, code, plain}) {
      EXPECT_EQ(content.find(secret), std::string::npos) << entry.path();
    }
  }
}

TEST_F(IdentityTest, many_threads_may_ask_while_tokens_come_and_go) {
  auto made = token("ann", Role::admin);
  auto session = identity->sign_in(made.secret).value();
  std::atomic<bool> over{false};
  std::atomic<int> refused{0};
  std::vector<std::thread> askers;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&] {
      while (!over) {
        if (!identity->by_token(made.secret) || !identity->by_session(session.first)) ++refused;
        clock.pass(std::chrono::seconds(1));
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    auto other = token("other");
    EXPECT_TRUE(identity->revoke(other.token.id));
  }
  over = true;
  for (auto& asker : askers) asker.join();
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace sluice::identity
