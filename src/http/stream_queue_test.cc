#include "http/stream_queue.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(StreamQueue, wakes_once_for_all_that_waits) {
  int woken = 0;
  StreamQueue queue([&] { ++woken; });
  EXPECT_TRUE(queue.send("a"));
  EXPECT_TRUE(queue.send("b"));
  EXPECT_EQ(woken, 1);
  const auto taken = queue.take();
  EXPECT_EQ(taken.bytes, "ab");
  EXPECT_FALSE(taken.ended);
  EXPECT_EQ(queue.behind(), 2u);
  queue.taken_is_read();
  EXPECT_EQ(queue.behind(), 0u);
  queue.close();
  EXPECT_EQ(woken, 2);
  EXPECT_TRUE(queue.take().ended);
  EXPECT_FALSE(queue.send("c"));
}

TEST(StreamQueue, gives_up_a_reader_a_mebibyte_behind) {
  StreamQueue queue([] {});
  const std::string half(StreamQueue::kMost / 2, 'x');
  EXPECT_TRUE(queue.send(half));
  EXPECT_TRUE(queue.send(half + "x"));
  EXPECT_FALSE(queue.send("y"));
  EXPECT_TRUE(queue.take().overflowed);
  queue.taken_is_read();
  EXPECT_FALSE(queue.send("y")) << "it has missed something and stays given up";
}

TEST(StreamQueue, takes_one_large_piece_when_nothing_waits) {
  StreamQueue queue([] {});
  EXPECT_TRUE(queue.send(std::string(3 * StreamQueue::kMost, 'x')));
  queue.take();
  EXPECT_FALSE(queue.send("y"));
}

TEST(StreamQueue, is_silent_once_detached) {
  bool woken = false;
  const auto queue = std::make_shared<StreamQueue>([&] { woken = true; });
  auto sink = make_sink(queue);
  queue->detach();
  EXPECT_FALSE(sink->send("a"));
  sink->close();
  sink.reset();
  EXPECT_FALSE(woken);
}

TEST(StreamQueue, ends_with_the_last_sink) {
  const auto queue = std::make_shared<StreamQueue>([] {});
  auto sink = make_sink(queue);
  auto copy = sink;
  sink.reset();
  EXPECT_FALSE(queue->take().ended);
  copy.reset();
  EXPECT_TRUE(queue->take().ended);
}

}  // namespace
}  // namespace sluice::http
