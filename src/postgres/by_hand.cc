#include "postgres/by_hand.h"

#include <fmt/format.h>

#include "base/files.h"
#include "postgres/client.h"
#include "postgres/settings.h"
#include "postgres/tools.h"

namespace sluice::postgres {
namespace {

std::string word(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string first_line(const std::filesystem::path& file) {
  const auto text = read_file(file, 100).value_or("");
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::string drop_line(const std::filesystem::path& dir, const std::string& name) {
  const auto bin = std::filesystem::path(kInstalled) / first_line(dir / "cluster" / "PG_VERSION") / "bin";
  const auto whom =
      fmt::format("--if-exists -h {} -p {} -U {} {}", kSocketHere, first_line(dir / "port"), kOwner, word(name));
  return fmt::format("cd {0} && {1}/dropdb --force {2} && {1}/dropuser {2}", word((dir / "run").string()), bin.string(),
                     whom);
}

}  // namespace sluice::postgres
