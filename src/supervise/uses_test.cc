#include "supervise/uses.h"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <thread>

#include "base/process.h"

using namespace std::chrono_literals;

namespace sluice::supervise {
namespace {

// Until what is asked for holds of the child's tree.
template <class Condition>
bool eventually(int pid, Condition condition) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < until) {
    const auto tree = Uses::read().tree(pid);
    if (tree && condition(*tree)) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

Child shell(const std::string& script) {
  ProcessCommand command;
  command.argv = {"/bin/sh", "-c", script};
  return Child::start(command).value();
}

TEST(Uses, tells_when_a_process_was_born_and_what_it_has_resident) {
  const auto mine = Uses::read().tree(::getpid());
  ASSERT_TRUE(mine);
  timespec up{};
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  EXPECT_GT(mine->born, 0ms);
  EXPECT_LE(mine->born, std::chrono::seconds(up.tv_sec + 1));
  EXPECT_GT(mine->memory_kib, 1000u);
}

TEST(Uses, the_time_of_children_counts_while_they_run_and_after) {
  auto child = shell("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; sleep 1000");
  EXPECT_TRUE(eventually(child.pid(), [](const TreeUse& use) { return use.cpu_us > 0; }));
  // The loop is over when it is waited for: its time is its parent's then.
  std::uint64_t last = 0;
  for (int i = 0; i < 50; ++i) {
    const auto use = Uses::read().tree(child.pid());
    ASSERT_TRUE(use);
    EXPECT_GE(use->cpu_us + 20'000, last);  // ticks of two processes are rounded each
    last = use->cpu_us;
    std::this_thread::sleep_for(5ms);
  }
  child.kill();
  child.wait();
}

TEST(Uses, a_tree_has_the_memory_of_all_in_it) {
  auto child = shell("sleep 1000 & sleep 1001 & sleep 1002 & wait");
  const auto alone = [&] {
    const auto all = Uses::read();
    return all.tree(child.pid())->memory_kib;
  };
  const auto one = shell("exec sleep 1003");
  EXPECT_TRUE(eventually(one.pid(), [](const TreeUse& use) { return use.memory_kib > 0; }));
  const auto single = Uses::read().tree(one.pid())->memory_kib;
  EXPECT_TRUE(eventually(child.pid(), [&](const TreeUse& use) { return use.memory_kib > 2 * single; })) << alone();
  child.kill();
  child.wait();
}

TEST(Uses, of_a_process_that_is_not_there_nothing_is_told) { EXPECT_FALSE(Uses::read().tree(0x3fffffff)); }

}  // namespace
}  // namespace sluice::supervise
