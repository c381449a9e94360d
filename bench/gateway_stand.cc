#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>
#include <string>

#include "base/codec.h"
#include "base/process.h"
#include "gateway/gateway.h"

// A gateway with one route, for measurements: gateway_stand DIR POLICY PORT. It prints its own port, leads every host
// named `bench` to 127.0.0.1:PORT by the policy (JSON), and ends with its standard input.
namespace {

using namespace sluice;
using namespace std::chrono_literals;

Result<> stand(const std::string& dir, const std::string& text, std::int64_t port) {
  boost::json::error_code bad;
  auto policy = codec::read<gateway::Policy>(boost::json::parse(text, bad));
  if (!policy) return fail(policy.error());
  auto opened = gateway::Gateway::open({dir, "127.0.0.1", 0});
  if (!opened) return fail(opened.error());
  auto& gateway = **opened;
  ProcessCommand command;
  command.argv = {"sh", "-c", "exec \"$@\" >log 2>&1", "gateway"};
  for (const auto& word : gateway::Gateway::command()) command.argv.push_back(word);
  command.cwd = gateway.folder().string();
  auto child = Child::start(command);
  if (!child) return fail(child.error());
  if (auto up = gateway.await(10s); !up) return up;
  if (auto there = gateway.ensure("bench", "bench"); !there) return there;
  if (auto placed = gateway.place("bench", "x", {{"one", port}}, 10s, *policy); !placed) return placed;
  if (auto shown = gateway.show("bench", "x"); !shown) return shown;
  std::cout << gateway.port() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) return 2;
  auto done = stand(words[1], words[2], std::stoll(words[3]));
  if (!done) std::cerr << done.error().message << "\n";
  return done ? 0 : 1;
}
