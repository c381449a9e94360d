#include "platform/local/regions.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/files.h"
#include "platform/local/fixture_test.h"
#include "supervise/supervisor.h"

namespace fs = std::filesystem;

namespace sluice::platform::local {
namespace {

// Listens on a port of 127.0.0.1, as another program would.
class Squatter {
 public:
  explicit Squatter(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int yes = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    there_ = ::bind(fd_, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0 && ::listen(fd_, 8) == 0;
  }
  ~Squatter() { ::close(fd_); }
  Squatter(const Squatter&) = delete;
  Squatter& operator=(const Squatter&) = delete;
  [[nodiscard]] bool there() const { return there_; }

 private:
  int fd_;
  bool there_ = false;
};

class RegionsTest : public LocalTest {
 protected:
  void SetUp() override {
    LocalTest::SetUp();
    artifact_ = web("v1");
    start();
  }
  void TearDown() override {
    regions_.reset();
    auto down = Regions::down(many());
    EXPECT_TRUE(down) << down.error().message;
    LocalTest::TearDown();
  }
  void start() {
    regions_.reset();
    auto started = Regions::start({many(), "127.0.0.1", 0}, {*logs_, *builder_, *sandbox_, clock_});
    ASSERT_TRUE(started) << started.error().message;
    regions_ = std::move(*started);
    auto back = regions_->reconcile([] { return Regions::Stacks{}; });
    ASSERT_TRUE(back) << back.error().message;
  }
  [[nodiscard]] fs::path many() const { return dir_ / "many"; }
  std::optional<RegionState> state_of(const std::string& name) {
    for (const auto& one : regions_->all())
      if (one.region.name == name) return one;
    return std::nullopt;
  }
  Advance run_in(const std::string& region, pipeline::WorkKind kind) {
    auto work = this->work(kind);
    work.config.region = region;
    work.deployment.artifact = artifact_;
    Context context{{}, clock_.now() + std::chrono::minutes(1), kept_, {}};
    return regions_->advance(work, context);
  }
  KeptLog kept_;
  std::string artifact_;
  std::unique_ptr<Regions> regions_;
};

TEST_F(RegionsTest, one_that_was_added_is_there_after_a_restart_at_the_same_port) {
  auto added = regions_->add({"west"});
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_NE(added->region.port, 0);
  EXPECT_NE(added->region.port, state_of("local")->region.port);
  EXPECT_EQ(regions_->add({"west"}).error().kind, ErrorKind::conflict);
  EXPECT_EQ(regions_->add({"local"}).error().kind, ErrorKind::conflict);
  EXPECT_EQ(regions_->add({"We st"}).error().fields.at(0).field, "name");

  start();
  ASSERT_TRUE(state_of("west"));
  EXPECT_EQ(state_of("west")->problem, std::nullopt);
  EXPECT_EQ(state_of("west")->region.port, added->region.port);
  EXPECT_TRUE(supervise::Supervisor::running(many() / "regions" / "west" / "s6"));

  regions_.reset();  // a platform that is there starts again what ends
  ASSERT_TRUE(Regions::down(many()));
  EXPECT_FALSE(supervise::Supervisor::running(many() / "regions" / "west" / "s6"));
}

TEST_F(RegionsTest, nothing_is_left_of_one_that_does_not_start_or_was_removed_or_was_cut_short) {
  auto refused = regions_->add({"far", "192.0.2.1", 80});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("192.0.2.1:80"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(fs::exists(many() / "regions" / "far"));
  EXPECT_FALSE(state_of("far"));

  ASSERT_TRUE(regions_->add({"west"}));
  EXPECT_EQ(regions_->remove("local").error().kind, ErrorKind::invalid);
  EXPECT_EQ(regions_->remove("east").error().kind, ErrorKind::not_found);
  auto removed = regions_->remove("west");
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(fs::exists(many() / "regions" / "west"));
  EXPECT_FALSE(state_of("west"));

  // A server that died in the middle of either: the note is the last that comes and the first that goes.
  ASSERT_TRUE(regions_->add({"east"}));
  regions_.reset();
  fs::remove(many() / "regions" / "east" / "region.json");
  start();
  EXPECT_FALSE(state_of("east"));
  EXPECT_FALSE(fs::exists(many() / "regions" / "east"));
}

TEST_F(RegionsTest, one_whose_note_is_damaged_is_down_and_loses_nothing) {
  ASSERT_TRUE(regions_->add({"west"}));
  regions_.reset();
  ASSERT_TRUE(write_file(many() / "regions" / "west" / "region.json", "{\"addr"));
  start();
  ASSERT_TRUE(state_of("west"));
  EXPECT_NE(state_of("west")->problem.value_or("").find("region.json is damaged"), std::string::npos);
  EXPECT_TRUE(fs::exists(many() / "regions" / "west" / "gateway"));
}

TEST_F(RegionsTest, one_that_fails_holds_up_its_own_stages_only_and_comes_back_by_itself) {
  auto added = regions_->add({"west"});
  ASSERT_TRUE(added) << added.error().message;
  regions_.reset();
  ASSERT_TRUE(Regions::down(many()));
  {
    const Squatter squatter(added->region.port);
    ASSERT_TRUE(squatter.there());
    start();
    ASSERT_TRUE(state_of("west")->problem);
    EXPECT_NE(state_of("west")->problem->find("taken by another program"), std::string::npos);
    EXPECT_EQ(state_of("local")->problem, std::nullopt);

    auto waits = run_in("west", pipeline::WorkKind::publish);
    ASSERT_TRUE(std::holds_alternative<NotYet>(waits));
    EXPECT_NE(std::get<NotYet>(waits).note.find("the region west is out of reach"), std::string::npos);
    EXPECT_NE(kept_.text.find("waiting: "), std::string::npos);
    auto told = run_in("west", pipeline::WorkKind::remove);
    ASSERT_TRUE(std::holds_alternative<Error>(told)) << "R6.5: a deletion says why";
    EXPECT_EQ(std::get<Error>(told).kind, ErrorKind::unavailable);
    EXPECT_TRUE(std::holds_alternative<Done>(run_in("local", pipeline::WorkKind::publish)));
  }
  EXPECT_TRUE(eventually([&] { return !state_of("west")->problem; }));
  EXPECT_TRUE(std::holds_alternative<Done>(run_in("west", pipeline::WorkKind::publish)));
}

}  // namespace
}  // namespace sluice::platform::local
