#include <gmock/gmock.h>

#include <atomic>

#include "http/client.h"
#include "http/test_server.h"

namespace sluice::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A route that hands its sink to the test.
struct StreamTest : ServerTest {
  StreamTest() {
    handler.on_handle = [this](const Request&) {
      Response response;
      response.headers.set("Content-Type", "text/event-stream");
      response.stream = [this](std::shared_ptr<Sink> given) {
        const std::lock_guard lock(mutex);
        sink = std::move(given);
        started.open();
      };
      return response;
    };
  }
  ~StreamTest() override { sink.reset(); }
  std::shared_ptr<Sink> taken() {
    EXPECT_TRUE(started.wait());
    const std::lock_guard lock(mutex);
    return std::exchange(sink, nullptr);
  }
  std::mutex mutex;
  std::shared_ptr<Sink> sink;
  Gate started;
};

TEST_F(StreamTest, bytes_come_as_they_are_sent) {
  RawClient client(port());
  client.send(kGet);
  EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  const auto stream = taken();
  EXPECT_TRUE(stream->send("data: 1\n\n"));
  EXPECT_EQ(client.exactly(14), "9\r\ndata: 1\n\n\r\n");
  EXPECT_TRUE(eventually([&] { return stream->behind() == 0; }));
  EXPECT_TRUE(stream->send("data: 22\n\n"));
  EXPECT_EQ(client.exactly(15), "a\r\ndata: 22\n\n\r\n");
  stream->close();
  EXPECT_EQ(client.until_closed(), "0\r\n\r\n");
  EXPECT_FALSE(stream->send("late"));
}

TEST_F(StreamTest, ends_when_nobody_holds_the_sink) {
  RawClient client(port());
  client.send(kGet);
  auto stream = taken();
  stream->send("x");
  stream.reset();
  EXPECT_THAT(client.until_closed(), EndsWith("\r\n\r\n1\r\nx\r\n0\r\n\r\n"));
}

TEST_F(StreamTest, a_reader_that_goes_is_noticed_without_sending) {
  RawClient client(port());
  client.send(kGet);
  client.until("\r\n\r\n");
  const auto stream = taken();
  EXPECT_TRUE(stream->send("x"));
  client.exactly(6);
  client.close();
  // An empty piece is sent to nobody, but tells.
  EXPECT_TRUE(eventually([&] { return !stream->send(""); }));
}

TEST_F(StreamTest, a_reader_that_does_not_read_is_given_up) {
  RawClient client(port(), 4096);
  client.send(kGet);
  client.until("\r\n\r\n");
  const auto stream = taken();
  const std::string piece(64u << 10, 'x');
  int sent = 0;
  while (stream->send(piece)) ASSERT_LT(++sent, 1000) << "nothing bounds what waits";
  EXPECT_GT(sent, 10);
  EXPECT_FALSE(client.until_closed().ends_with("0\r\n\r\n")) << "a stream cut off must not look like one that ended";
}

TEST_F(StreamTest, is_sent_from_many_threads) {
  RawClient client(port());
  client.send(kGet);
  client.until("\r\n\r\n");
  const auto stream = taken();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) EXPECT_TRUE(stream->send("<0123456789>"));
    });
  std::thread closer([&] {
    for (auto& thread : threads) thread.join();
    stream->close();
  });
  const auto all = client.until_closed();
  closer.join();
  std::size_t count = 0;
  std::string text;
  for (std::size_t at = 0; at < all.size();) {
    const auto size = std::stoul(all.substr(at), nullptr, 16);
    at = all.find("\r\n", at) + 2;
    text += all.substr(at, size);
    at += size + 2;
  }
  for (std::size_t at = 0; at < text.size(); at += 12, ++count) ASSERT_EQ(text.substr(at, 12), "<0123456789>");
  EXPECT_EQ(count, 4000u);
}

TEST_F(StreamTest, may_be_silent_for_longer_than_any_limit) {
  Server::Options options;
  options.idle_time = options.head_time = options.stall_time = Duration(20);
  start(options);
  RawClient client(port());
  client.send(kGet);
  client.until("\r\n\r\n");
  const auto stream = taken();
  Gate never;
  EXPECT_FALSE(never.wait(std::chrono::milliseconds(300)));
  EXPECT_TRUE(stream->send("x"));
  EXPECT_EQ(client.exactly(6), "1\r\nx\r\n");
}

TEST_F(StreamTest, of_HTTP_1_0_is_not_chunked) {
  RawClient client(port());
  client.send("GET /a HTTP/1.0\r\n\r\n");
  client.until("\r\n\r\n");
  const auto stream = taken();
  stream->send("hello");
  stream->close();
  EXPECT_EQ(client.until_closed(), "hello");
}

TEST_F(StreamTest, outlives_the_server_as_a_sink_that_takes_nothing) {
  RawClient client(port());
  client.send(kGet);
  const auto stream = taken();
  server.reset();
  EXPECT_FALSE(stream->send("x"));
  stream->close();
  EXPECT_THAT(client.until_closed(), EndsWith("0\r\n\r\n"));
}

// ---- exchanges

const std::string kExchange = "POST /exchange HTTP/1.1\r\nHost: localhost\r\n";

TEST_F(ServerTest, an_exchange_reads_and_writes) {
  handler.on_exchange = [](Exchange& exchange) {
    EXPECT_EQ(exchange.request().path, "/exchange");
    Headers headers;
    headers.set("Content-Type", "application/x-git");
    exchange.head(200, headers);
    std::array<char, 3> buffer{};
    while (true) {
      const auto got = exchange.read(buffer.data(), buffer.size());
      ASSERT_TRUE(got) << got.error().message;
      if (*got == 0) break;
      ASSERT_TRUE(exchange.write(std::string_view(buffer.data(), *got)));
    }
    EXPECT_EQ(exchange.read(buffer.data(), buffer.size()).value(), 0u) << "the end stays the end";
  };
  RawClient client(port());
  client.send(kExchange + "Content-Length: 7\r\n\r\nabcdefg" + kGet);
  EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("Content-Type: application/x-git\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_EQ(client.until("0\r\n\r\n"), "3\r\nabc\r\n3\r\ndef\r\n1\r\ng\r\n0\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("GET /a []"));
}

TEST_F(ServerTest, an_exchange_asks_for_a_body_that_waits_when_it_reads) {
  handler.on_exchange = [](Exchange& exchange) {
    std::array<char, 100> buffer{};
    const auto got = exchange.read(buffer.data(), buffer.size()).value();
    exchange.head(200, {});
    EXPECT_TRUE(exchange.write(std::string_view(buffer.data(), got)));
    EXPECT_EQ(exchange.read(buffer.data(), buffer.size()).value(), 0u);
  };
  RawClient client(port());
  client.send(kExchange + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_THAT(client.until("0\r\n\r\n"), EndsWith("2\r\nhi\r\n0\r\n\r\n"));
}

TEST_F(ServerTest, an_exchange_takes_no_more_than_its_limit) {
  handler.on_admit = [](const Request&) {
    Handler::Admission admission;
    admission.streams = true;
    admission.body_limit = 4;
    return admission;
  };
  handler.on_exchange = [](Exchange& exchange) {
    std::array<char, 100> buffer{};
    Result<std::size_t> got = 1;
    std::size_t total = 0;
    while ((got = exchange.read(buffer.data(), buffer.size())) && *got > 0) total += *got;
    exchange.head(got ? 200 : 413, {});
    EXPECT_TRUE(got ? total == 4 : got.error().kind == ErrorKind::too_large);
  };
  RawClient known(port()), chunked(port()), fits(port());
  known.send(kExchange + "Content-Length: 5\r\n\r\nabcde");
  EXPECT_THAT(known.until_closed(), StartsWith("HTTP/1.1 413 "));
  chunked.send(kExchange + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
  EXPECT_THAT(chunked.until_closed(), StartsWith("HTTP/1.1 413 "));
  fits.send(kExchange + "Content-Length: 4\r\n\r\nabcd");
  EXPECT_THAT(fits.until("0\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, an_exchange_that_leaves_its_body_closes) {
  handler.on_exchange = [](Exchange& exchange) {
    exchange.head(403, {});
    EXPECT_TRUE(exchange.write("no"));
  };
  RawClient client(port());
  client.send(kExchange + "Content-Length: 5\r\n\r\n");
  EXPECT_THAT(client.until_closed(), EndsWith("2\r\nno\r\n0\r\n\r\n"));
}

TEST_F(ServerTest, an_exchange_may_answer_without_a_body) {
  handler.on_exchange = [](Exchange& exchange) { exchange.head(200, {}); };
  RawClient client(port());
  client.send("HEAD /exchange HTTP/1.1\r\nHost: a\r\n\r\nGET /exchange HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(client.exactly(5), "0\r\n\r\n");
}

TEST_F(ServerTest, an_exchange_without_an_answer_is_a_500) {
  for (const bool throws : {false, true}) {
    handler.on_exchange = [&](Exchange& exchange) {
      EXPECT_FALSE(exchange.write("body before head"));
      if (throws) throw std::runtime_error("x");
    };
    RawClient client(port());
    client.send(kExchange + "\r\n");
    EXPECT_THAT(client.until_closed(), StartsWith("HTTP/1.1 500 "));
  }
}

TEST_F(ServerTest, an_exchange_that_throws_in_its_body_is_cut_off) {
  handler.on_exchange = [](Exchange& exchange) {
    exchange.head(200, {});
    EXPECT_TRUE(exchange.write("part"));
    throw std::runtime_error("x");
  };
  RawClient client(port());
  client.send(kExchange + "\r\n");
  EXPECT_THAT(client.until_closed(), EndsWith("4\r\npart\r\n"));
}

TEST_F(ServerTest, an_exchange_learns_what_went_wrong) {
  Server::Options options;
  options.exchange_stall_time = Duration(100);
  start(options);
  std::mutex mutex;
  std::optional<Error> error;
  Gate done;
  handler.on_exchange = [&](Exchange& exchange) {
    std::array<char, 100> buffer{};
    Result<std::size_t> got = 1;
    while (got && *got > 0) got = exchange.read(buffer.data(), buffer.size());
    EXPECT_FALSE(exchange.read(buffer.data(), buffer.size())) << "an error stays";
    const std::lock_guard lock(mutex);
    if (!got) error = got.error();
    done.open();
  };
  {
    RawClient client(port());
    client.send(kExchange + "Content-Length: 5\r\n\r\nab");
    EXPECT_EQ(client.until_closed(), "");
  }
  ASSERT_TRUE(done.wait());
  EXPECT_EQ(error.value().kind, ErrorKind::timed_out);
  {
    RawClient client(port());
    client.send(kExchange + "Content-Length: 5\r\n\r\nab");
    client.finish_sending();
    client.until_closed();
  }
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return error->kind == ErrorKind::unavailable;
  }));
  {
    RawClient client(port());
    client.send(kExchange + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n");
    client.until_closed();
  }
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return error->kind == ErrorKind::invalid;
  }));
  server.reset();  // before what its handler uses goes
}

TEST_F(ServerTest, exchanges_beyond_the_limit_wait_their_turn) {
  Server::Options options;
  options.streams = 1;
  start(options);
  std::atomic<int> now = 0, most = 0;
  handler.on_exchange = [&](Exchange& exchange) {
    most = std::max<int>(most, ++now);
    exchange.head(200, {});
    --now;
  };
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<RawClient>(port()));
    clients.back()->send("GET /exchange HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  for (const auto& client : clients) EXPECT_THAT(client->until("0\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(most, 1);
}

// 200 MB each way, the far end slow: what is on its way stays small.
TEST_F(ServerTest, a_large_push_and_fetch_pass_through_little_memory) {
  constexpr std::size_t kSize = 200u << 20;
  std::atomic<long> most = 0;
  handler.on_exchange = [&](Exchange& exchange) {
    std::vector<char> buffer(64u << 10);
    std::size_t total = 0;
    while (true) {
      const auto got = exchange.read(buffer.data(), buffer.size());
      ASSERT_TRUE(got);
      if (*got == 0) break;
      total += *got;
    }
    EXPECT_EQ(total, kSize);
    most = std::max<long>(most, resident_kib());
    exchange.head(200, {});
    for (std::size_t sent = 0; sent < kSize; sent += buffer.size())
      ASSERT_TRUE(exchange.write(std::string_view(buffer.data(), buffer.size())));
    most = std::max<long>(most, resident_kib());
  };
  RawClient client(port());
  const auto before = resident_kib();
  client.send(kExchange + "Content-Length: " + std::to_string(kSize) + "\r\n\r\n");
  const std::string piece(1u << 20, 'x');
  for (std::size_t sent = 0; sent < kSize; sent += piece.size()) ASSERT_TRUE(client.send(piece));
  EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  std::size_t got = 0;
  std::string end;
  while (!end.ends_with("0\r\n\r\n")) {
    const auto some = client.some();
    ASSERT_FALSE(some.empty());
    got += some.size();
    end = (end + some).substr(end.size() + some.size() > 16 ? end.size() + some.size() - 16 : 0);
    most = std::max<long>(most, resident_kib());
  }
  EXPECT_GT(got, kSize - (1u << 20)) << "the beginning came with the head";
  if (kMemoryTells) {
    EXPECT_LT(most - before, 16 << 10) << "KiB more than before";
  }
}

TEST_F(ServerTest, an_exchange_whose_reader_went_stops) {
  std::atomic<bool> stopped = false;
  handler.on_exchange = [&](Exchange& exchange) {
    exchange.head(200, {});
    const std::string piece(64u << 10, 'x');
    while (exchange.write(piece)) {
    }
    stopped = true;
  };
  RawClient client(port());
  client.send(kExchange + "\r\n");
  client.until("\r\n\r\n");
  client.close();
  EXPECT_TRUE(eventually([&] { return stopped.load(); }));
}

// ---- stopping

TEST_F(ServerTest, stops_at_once_when_all_is_idle) {
  RawClient fresh(port()), used(port()), half(port());
  used.send(kGet);
  used.answer();
  half.send("GET /a HT");
  const auto before = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
  EXPECT_TRUE(fresh.is_closed());
  EXPECT_TRUE(used.is_closed());
}

TEST_F(ServerTest, lets_a_running_handler_answer_before_it_stops) {
  Gate entered, leave;
  handler.on_handle = [&](const Request&) {
    entered.open();
    leave.wait();
    Response response;
    response.body = "done";
    return response;
  };
  RawClient client(port());
  client.send(kGet + kGet);
  ASSERT_TRUE(entered.wait());
  const auto where = port();
  std::thread stopper([&] { server.reset(); });
  EXPECT_TRUE(eventually([&] { return !RawClient(where).connected(); })) << "nobody new comes in";
  leave.open();
  EXPECT_THAT(client.until_closed(), EndsWith("Connection: close\r\n\r\ndone"));
  stopper.join();
}

TEST_F(ServerTest, ends_an_exchange_that_does_not_end) {
  Server::Options options;
  options.stop_time = Duration(50);
  start(options);
  Gate entered;
  std::atomic<ErrorKind> kind = ErrorKind::internal;
  handler.on_exchange = [&](Exchange& exchange) {
    entered.open();
    char byte = 0;
    const auto got = exchange.read(&byte, 1);
    if (!got) kind = got.error().kind;
  };
  RawClient client(port());
  client.send(kExchange + "Content-Length: 5\r\n\r\n");
  ASSERT_TRUE(entered.wait());
  server.reset();
  EXPECT_EQ(kind, ErrorKind::cancelled);
}

TEST_F(StreamTest, a_reader_that_does_not_read_does_not_hold_up_the_stop) {
  RawClient client(port(), 4096);
  client.send(kGet);
  client.until("\r\n\r\n");
  const auto stream = taken();
  EXPECT_TRUE(stream->send(std::string(16u << 20, 'x')));
  const auto before = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(4));
}

TEST_F(ServerTest, starts_and_stops_under_load) {
  for (int turn = 0; turn < 5; ++turn) {
    start();
    const auto where = port();
    std::atomic<bool> end = false;
    std::vector<std::thread> threads;
    std::atomic<int> answers = 0;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        while (!end) {
          RawClient client(where);
          for (int i = 0; i < 5 && client.send(kGet); ++i) {
            if (client.answer().ends_with("[]")) ++answers;
          }
        }
      });
    EXPECT_TRUE(eventually([&] { return answers > 50; }));
    server.reset();
    end = true;
    for (auto& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace sluice::http
