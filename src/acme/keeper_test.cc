#include "acme/keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"

namespace sluice::acme {
namespace {

using namespace std::chrono_literals;

const Time kStart = *from_rfc3339("2026-01-31T09:30:00.000Z");

TEST(Keeping, one_is_renewed_when_a_third_of_its_lifetime_is_left) {
  const Term term{kStart, kStart + 90 * 24h};
  EXPECT_EQ(due(term, {}), kStart + 60 * 24h);
  EXPECT_EQ(due(std::nullopt, {}), Time{});
  EXPECT_EQ(due(term, {1, kStart + 70 * 24h, "x"}), kStart + 70 * 24h);
  EXPECT_EQ(due(term, {1, kStart + 1h, "x"}), kStart + 60 * 24h) << "what is not due is not tried again";
}

TEST(Keeping, the_pause_doubles_up_to_half_a_day) {
  EXPECT_EQ(pause_after(1), 1min);
  EXPECT_EQ(pause_after(2), 2min);
  EXPECT_EQ(pause_after(5), 16min);
  EXPECT_EQ(pause_after(10), 512min);
  EXPECT_EQ(pause_after(11), 12h);
  EXPECT_EQ(pause_after(1'000'000), 12h);
}

class KeeperTest : public testing::Test, public Clock {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "sluice-keeper-XXXXXX";
    dir_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override {
    keeper_.reset();
    EXPECT_TRUE(remove_tree(dir_));
  }
  [[nodiscard]] Time now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void open() {
    keeper_.reset();
    Keeper::World world;
    world.domains = [this] { return locked([&] { return domains_; }); };
    world.certificates = [this] { return locked([&] { return certificates_; }); };
    world.obtain = [this](const std::string& domain, std::stop_token) -> Result<std::string> {
      return locked([&]() -> Result<std::string> {
        if (meanwhile_) meanwhile_();
        if (refuses_.contains(domain)) return fail(ErrorKind::failed, "no such name");
        return "pem of " + domain;
      });
    };
    world.set = [this](const std::string& domain, const std::string& pem) -> Result<> {
      return locked([&]() -> Result<> {
        EXPECT_EQ(pem, "pem of " + domain);
        certificates_[domain] = {now_, now_ + 90 * 24h};
        return {};
      });
    };
    world.remove = [this](const std::string& domain) { locked([&] { return certificates_.erase(domain); }); };
    world.ended = [this](const std::string& domain, const std::optional<Error>& error, bool again) {
      std::lock_guard lock(mutex_);
      said_.push_back(domain + (error ? ": " + error->message : "") + (again ? " again" : ""));
      changed_.notify_all();
    };
    keeper_ = std::make_unique<Keeper>(std::move(world), dir_ / "tries.json", *this);
  }
  template <class F>
  auto locked(F act) -> decltype(act()) {
    std::lock_guard lock(mutex_);
    struct Tell {
      std::condition_variable& changed;
      ~Tell() { changed.notify_all(); }
    } tell{changed_};
    return act();
  }
  // What has ended since the last question, once there are so many.
  std::vector<std::string> ended(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 20s, [&] { return said_.size() >= count; });
    return std::exchange(said_, {});
  }
  void pass(Duration time) {
    locked([&] { return now_ += time; });
    keeper_->look();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Time now_ = kStart;
  std::set<std::string> domains_, refuses_;
  std::map<std::string, Term> certificates_;
  std::function<void()> meanwhile_;  // with the lock
  std::vector<std::string> said_;
  std::filesystem::path dir_;
  std::unique_ptr<Keeper> keeper_;
};

using Said = std::vector<std::string>;

TEST_F(KeeperTest, every_domain_gets_one_and_another_when_it_is_due) {
  domains_ = {"a.org", "b.org"};
  certificates_["b.org"] = {kStart - 1h, kStart + 90 * 24h};  // given
  open();
  EXPECT_EQ(ended(1), (Said{"a.org"}));
  locked([&] { return domains_.insert("c.org"); });
  keeper_->look();
  EXPECT_EQ(ended(1), (Said{"c.org"})) << "at once; b.org has one";
  EXPECT_EQ(keeper_->standings().at("b.org").until, kStart + 90 * 24h);
  EXPECT_EQ(keeper_->standings().at("a.org").next_try, kStart + 60 * 24h);
  pass(61 * 24h);
  EXPECT_EQ(ended(3).size(), 3U);
  EXPECT_EQ(keeper_->standings().at("b.org").until, kStart + 151 * 24h);
}

TEST_F(KeeperTest, what_fails_is_tried_again_later_also_after_a_restart_and_keeps_what_works) {
  domains_ = {"a.org"};
  refuses_ = {"a.org"};
  certificates_["a.org"] = {kStart - 80 * 24h, kStart + 10 * 24h};
  open();
  EXPECT_EQ(ended(1), (Said{"a.org: no such name"}));
  auto standing = keeper_->standings().at("a.org");
  EXPECT_EQ(standing.error, "no such name");
  EXPECT_EQ(standing.next_try, kStart + 1min);
  EXPECT_EQ(standing.until, kStart + 10 * 24h) << "it keeps what works";
  open();
  pass(59s);
  locked([&] { return domains_.insert("b.org"); });
  keeper_->look();
  EXPECT_EQ(ended(1), (Said{"b.org"})) << "and not a.org again, before its time";
  pass(1s);
  EXPECT_EQ(ended(1), (Said{"a.org: no such name again"}));
  EXPECT_EQ(keeper_->standings().at("a.org").next_try, kStart + 3min);
  locked([&] {
    refuses_.clear();
    return true;
  });
  keeper_->renew("a.org");
  EXPECT_EQ(ended(1), (Said{"a.org"})) << "at once when a person asks";
  EXPECT_EQ(keeper_->standings().at("a.org").error, "");
}

TEST_F(KeeperTest, a_domain_taken_away_meanwhile_keeps_none_and_a_given_one_ends_the_failure) {
  domains_ = {"a.org"};
  meanwhile_ = [this] { domains_ = {"b.org"}; };
  open();
  EXPECT_EQ(ended(1), (Said{"b.org"}));
  EXPECT_FALSE(locked([&] { return certificates_; }).contains("a.org"));
  locked([&] {
    meanwhile_ = nullptr;
    domains_ = {"c.org"};
    refuses_ = {"c.org"};
    return true;
  });
  keeper_->look();
  EXPECT_EQ(ended(1), (Said{"c.org: no such name"}));
  locked([&] { return certificates_["c.org"] = {now_, now_ + 90 * 24h}; });
  keeper_->forget("c.org");
  EXPECT_EQ(keeper_->standings().at("c.org").error, "");
  EXPECT_EQ(keeper_->standings().at("c.org").next_try, kStart + 60 * 24h);
}

}  // namespace
}  // namespace sluice::acme
