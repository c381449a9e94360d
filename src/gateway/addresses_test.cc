#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "base/files.h"
#include "gateway/test_gateway.h"

// Which route answers at an address, also when telling it fails in the middle.
namespace sluice::gateway {
namespace {

// Stands between the gateway and HAProxy's socket; breaks off the first order that begins with these words.
class Interruption {
 public:
  Interruption(const fs::path& folder, std::string words) : words_(std::move(words)) {
    fs::rename(folder / "admin.sock", folder / "worker.sock");
    behind_ = at(folder / "worker.sock");
    auto front = at(folder / "admin.sock");
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&front), sizeof front), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    thread_ = std::jthread([this](std::stop_token stop) {
      while (!stop.stop_requested()) {
        int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) serve(fd);
      }
    });
  }
  ~Interruption() {
    thread_.request_stop();
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  bool happened() const { return happened_; }

 private:
  static sockaddr_un at(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_LT(path.string().size(), sizeof address.sun_path);
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }
  void serve(int fd) {
    char buffer[16384];
    auto got = ::recv(fd, buffer, sizeof buffer, MSG_PEEK);
    if (!happened_ && std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))).rfind(words_, 0) == 0) {
      happened_ = true;
      ::close(fd);  // with the order unread: the other side sees a reset
      return;
    }
    int worker = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(worker, reinterpret_cast<sockaddr*>(&behind_), sizeof behind_) == 0) {
      pass_on(fd, worker);
      ::shutdown(worker, SHUT_WR);
      pass_on(worker, fd);
    }
    ::close(worker);
    ::close(fd);
  }
  static void pass_on(int from, int to) {
    char buffer[16384];
    ssize_t got = 0;
    while ((got = ::recv(from, buffer, sizeof buffer, 0)) > 0) {
      (void)::send(to, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
    }
  }
  std::string words_;
  sockaddr_un behind_{};
  int fd_ = -1;
  std::atomic<bool> happened_ = false;
  std::jthread thread_;
};

constexpr const char* kNobody = "No stage has this address";

TEST_F(GatewayTest, what_was_written_and_not_told_is_told_by_the_next_server) {
  Upstream one("one"), two("two");
  route("a", {one.server()});
  route("b", {two.server()}, "stg_2", "prod.shop.localhost");
  auto file = gateway_->folder() / "routes" / "stg_1.json";
  auto text = read_file(file).value_or("");
  text.replace(text.find("dev.shop"), 8, "new.shop");
  ASSERT_TRUE(write_file(file, text));
  open();
  ASSERT_TRUE(gateway_->await(5s));
  EXPECT_EQ(ask("new.shop.localhost"), "one");
  EXPECT_NE(ask("dev.shop.localhost").find(kNobody), std::string::npos);
  EXPECT_EQ(ask("prod.shop.localhost"), "two");
}

TEST_F(GatewayTest, a_removed_address_is_nobodys) {
  Upstream one("one");
  route("a", {one.server()});
  ASSERT_TRUE(gateway_->remove("stg_1"));
  EXPECT_TRUE(gateway_->remove("stg_1"));
  EXPECT_NE(ask("dev.shop.localhost").find(kNobody), std::string::npos);
  start();
  EXPECT_NE(ask("dev.shop.localhost").find(kNobody), std::string::npos);
  EXPECT_TRUE(gateway_->ids().empty());
}

TEST_F(GatewayTest, R6_4_an_address_that_a_new_stage_has_stays_when_the_old_one_is_removed) {
  Upstream one("one"), two("two");
  route("a", {one.server()}, "stg_1");
  route("b", {two.server()}, "stg_2");
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
  ASSERT_TRUE(gateway_->remove("stg_1"));
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
  start();
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
}

TEST_F(GatewayTest, a_removal_that_breaks_off_is_finished_when_it_is_asked_for_again) {
  for (const char* words : {"del map", "set server"}) {
    Upstream one("one"), two("two");
    route("a", {one.server()});
    route("b", {two.server()}, "stg_2", "prod.shop.localhost");
    {
      Interruption broken(gateway_->folder(), words);
      auto first = gateway_->remove("stg_1");
      ASSERT_FALSE(first) << words;
      EXPECT_EQ(first.error().kind, ErrorKind::unavailable);
      EXPECT_TRUE(broken.happened());
      auto second = gateway_->remove("stg_1");
      EXPECT_TRUE(second) << second.error().message;
      EXPECT_NE(ask("dev.shop.localhost").find(kNobody), std::string::npos) << words;
      EXPECT_EQ(ask("prod.shop.localhost"), "two");
      auto servers = Runtime(gateway_->folder()).servers("stg_1.a");
      EXPECT_TRUE(servers && !servers->at(one.server().name)) << words;
      EXPECT_FALSE(fs::exists(gateway_->folder() / "conf" / "stg_1.cfg"));
    }
    start();
  }
}

TEST_F(GatewayTest, an_address_that_moved_answers_at_the_new_one_only_also_when_telling_breaks_off) {
  Upstream one("one");
  route("a", {one.server()});
  Interruption broken(gateway_->folder(), "del map");
  EXPECT_FALSE(gateway_->ensure("stg_1", "new.shop.localhost"));
  EXPECT_TRUE(broken.happened());
  EXPECT_TRUE(gateway_->ensure("stg_1", "new.shop.localhost"));
  EXPECT_EQ(ask("new.shop.localhost"), "one");
  EXPECT_NE(ask("dev.shop.localhost").find(kNobody), std::string::npos);
}

TEST_F(GatewayTest, R6_4_an_address_is_the_last_route_s_that_was_given_it) {
  Upstream one("one"), two("two");
  route("a", {one.server()}, "stg_1");
  route("b", {two.server()}, "stg_2");
  EXPECT_EQ(gateway_->id_of("dev.shop.localhost"), "stg_2");
  ASSERT_TRUE(gateway_->show("stg_1", "a")) << "what the older one still does moves nothing";
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
  start();
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
  ASSERT_TRUE(gateway_->remove("stg_2"));
  EXPECT_NE(ask("dev.shop.localhost").find(kNobody), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway
