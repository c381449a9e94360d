#include <fmt/format.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include "simulation.h"

// The simulator: `sim --count 500` lives 500 seeded lives; `sim --seed N` one of them again, exactly.
namespace sluice::sim {
namespace {

std::string running;  // said when an assert ends the process

void on_abort(int) {
  std::fprintf(stderr, "aborted in %s\n", running.c_str());
  std::_Exit(1);
}

// True when the life was without a violation.
bool live(const Settings& settings, std::ostringstream& log, std::size_t& successes) {
  running = fmt::format("seed {}", settings.seed);
  log.str("");
  Simulation simulation(settings);
  std::string wrong;
  try {
    simulation.run();
    if (!log.str().empty()) wrong = "the server logged an error: " + log.str();
  } catch (const Violation& violation) {
    wrong = violation.what();
  }
  successes += simulation.successes();
  if (wrong.empty()) {
    if (settings.verbose)
      fmt::print("seed {}: {} events, {} successes\n", settings.seed, simulation.events(), simulation.successes());
    return true;
  }
  fmt::print("seed {}, step {}: {}\n", settings.seed, simulation.step(), wrong);
  if (!settings.verbose)
    for (const std::string& line : simulation.trace()) fmt::print("  {}\n", line);
  return false;
}

}  // namespace
}  // namespace sluice::sim

int main(int argc, char** argv) {
  CLI::App app{"Simulates servers in faulty worlds and holds what happens against the rules.", "sim"};
  app.footer("Example: sim --count 500");
  sluice::sim::Settings settings;
  std::uint64_t count = 100;
  std::string seeds;
  std::vector<CLI::Option*> which;
  which.push_back(app.add_option("--seed", settings.seed, "this one life"));
  which.push_back(app.add_option("--seeds", seeds, "these lives, A-B"));
  which.push_back(app.add_option("--count", count, "lives 1 to N")->capture_default_str());
  for (CLI::Option* a : which)
    for (CLI::Option* b : which)
      if (a != b) a->excludes(b);
  app.add_option("--steps", settings.steps, "steps in a life before the faults stop")->capture_default_str();
  app.add_flag("--sqlite", settings.sqlite, "keep what is durable in SQLite, as the server does");
  app.add_flag("-v,--verbose", settings.verbose, "print every step");
  CLI11_PARSE(app, argc, argv);

  std::uint64_t first = 1, last = count;
  if (which[0]->count() > 0) {
    first = last = settings.seed;
  } else if (!seeds.empty()) {
    char dash = 0;
    std::istringstream range(seeds);
    if (!(range >> first >> dash >> last) || dash != '-' || first > last) {
      fmt::print(stderr, "--seeds: \"{}\" is not a range such as 1-500\n", seeds);
      return 2;
    }
  }

  // The server says nothing at level error unless something is wrong with it.
  std::ostringstream log;
  const auto logger = std::make_shared<spdlog::logger>("sim", std::make_shared<spdlog::sinks::ostream_sink_st>(log));
  logger->set_level(spdlog::level::err);
  spdlog::set_default_logger(logger);
  std::signal(SIGABRT, sluice::sim::on_abort);

  std::size_t passed = 0, failed = 0, successes = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    settings.seed = seed;
    ++(sluice::sim::live(settings, log, successes) ? passed : failed);
  }
  fmt::print("{} deployments succeeded\n", successes);
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
