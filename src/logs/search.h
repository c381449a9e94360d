#pragma once
#include <boost/describe/enum.hpp>
#include <optional>
#include <string>
#include <string_view>

// Which lines of a log are wanted.
namespace sluice::logs {

enum class Level { trace, debug, info, warn, error, fatal };
BOOST_DESCRIBE_ENUM(Level, trace, debug, info, warn, error, fatal)

// "warning", "ERR", "Information" …: what loggers call their levels, in any case.
std::optional<Level> level_named(std::string_view name);
// Of a line that is a JSON object: what its member level, severity, levelname, level_name, lvl, log.level or @l says, a
// name or the numbers of pino and bunyan (30 is info). Nothing for other lines.
std::optional<Level> level_of(std::string_view line);

struct Search {
  std::string words;           // as they are, in any case of A to Z, colours left out; empty: any line
  std::optional<Level> level;  // this one or a graver one; a line without a level is not wanted then

  [[nodiscard]] bool everything() const { return words.empty() && !level; }
  [[nodiscard]] bool wants(std::string_view line) const;
};

}  // namespace sluice::logs
