#include "http/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace sluice::http {
namespace {

TEST(Workers, run_what_is_posted_on_no_more_threads_than_allowed) {
  std::atomic<int> done = 0, now = 0, most = 0;
  {
    Workers workers(3);
    EXPECT_EQ(workers.threads(), 0u);
    for (int i = 0; i < 200; ++i)
      workers.post([&] {
        const int here = ++now;
        int seen = most;
        while (seen < here && !most.compare_exchange_weak(seen, here)) {
        }
        std::this_thread::yield();
        --now;
        ++done;
      });
    EXPECT_LE(workers.threads(), 3u);
  }
  EXPECT_EQ(done, 200) << "what was queued runs before the end";
  EXPECT_LE(most, 3);
}

TEST(Workers, use_as_many_threads_as_there_are_jobs_at_once) {
  std::latch all(4);
  Workers workers(4);
  for (int i = 0; i < 4; ++i) workers.post([&] { all.arrive_and_wait(); });
  all.wait();
}

TEST(Workers, go_when_there_is_nothing_to_do) {
  Workers workers(4, Duration(1));
  for (int turn = 0; turn < 3; ++turn) {
    std::latch done(2);
    workers.post([&] { done.count_down(); });
    workers.post([&] { done.count_down(); });
    done.wait();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (workers.threads() > 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(workers.threads(), 0u);
  }
}

}  // namespace
}  // namespace sluice::http
