#include "base/proc.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/process.h"

using namespace std::chrono_literals;

namespace sluice::proc {
namespace {

template <class Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

Child shell(const std::string& script) {
  ProcessCommand command;
  command.argv = {"/bin/sh", "-c", script};
  return Child::start(command).value();
}

std::set<int> numbers(const std::vector<Process>& found) {
  std::set<int> out;
  for (const auto& process : found) out.insert(process.pid);
  return out;
}

TEST(Proc, descendants_of_are_the_same_as_among_all) {
  auto child = shell("sh -c 'sleep 1000; :' & sleep 1001 & wait");
  ASSERT_TRUE(eventually([&] { return descendants_of(child.pid()).size() == 3; }));
  const auto asked = descendants_of(child.pid());
  EXPECT_EQ(std::set<int>(asked.begin(), asked.end()), numbers(descendants(all(), child.pid())));
  EXPECT_EQ(std::count(asked.begin(), asked.end(), child.pid()), 0);
  const int pid = child.pid();
  child.kill();
  child.wait();
  EXPECT_TRUE(descendants_of(pid).empty());
}

TEST(Proc, descendants_of_knows_the_children_of_every_thread) {
  std::jthread other([] {
    auto child = shell("exec sleep 1000");
    EXPECT_TRUE(eventually([&] {
      const auto found = descendants_of(::getpid());
      return std::find(found.begin(), found.end(), child.pid()) != found.end();
    }));
  });
}

TEST(Proc, with_argument_sees_also_what_begins_another_program) {
  const std::string mark = "again-and-again-" + std::to_string(::getpid());
  const std::string again = "exec /bin/sh -c \"$0\" \"$0\" " + mark;
  ProcessCommand command;
  command.argv = {"/bin/sh", "-c", again, again, mark};
  auto child = Child::start(command).value();
  int seen = 0;
  for (int i = 0; i < 500; ++i) seen += with_argument(mark).empty() ? 0 : 1;
  EXPECT_EQ(seen, 500);
}

}  // namespace
}  // namespace sluice::proc
