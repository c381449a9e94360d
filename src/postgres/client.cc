#include "postgres/client.h"

#include <utility>

#include "base/utf8.h"
#include "postgres/quote.h"

namespace sluice::postgres {
namespace {

constexpr std::size_t kLongestComplaint = 400;

void cross_out(std::string& text, const std::string& secret) {
  if (secret.empty()) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
    text.replace(at, secret.size(), "***");
  }
}

std::string conninfo(const Url& to) {
  std::string out = "host=" + conninfo_value(to.host) + " port=" + std::to_string(to.port) +
                    " user=" + conninfo_value(to.user) + " dbname=" + conninfo_value(to.database);
  for (const auto& [name, value] : to.settings) out += " " + name + "=" + conninfo_value(value);
  return out;
}

}  // namespace

ProcessCommand client(const std::string& program, const Url& to, std::vector<std::string> options,
                      const std::filesystem::path& folder, const Limits& limits) {
  ProcessCommand command;
  command.argv = {program, "-w", "-d", conninfo(to)};
  for (auto& option : options) command.argv.push_back(std::move(option));
  command.env = {{"PATH", "/usr/bin:/bin"},   {"LC_ALL", "C.UTF-8"},          {"PGCLIENTENCODING", "UTF8"},
                 {"HOME", "/nonexistent"},    {"PGPASSFILE", "/nonexistent"}, {"PGSYSCONFDIR", "/nonexistent"},
                 {"PGPASSWORD", to.password}, {"PGAPPNAME", "sluice"},        {"TZ", "UTC"}};
  command.cwd = folder.string();
  command.time_limit = limits.at_most;
  command.stop = limits.stop;
  return command;
}

Result<Finished> psql(const Tools& tools, const Url& to, const std::string& statements,
                      const std::filesystem::path& folder, const Limits& limits) {
  auto command =
      client(tools.path("psql"), to, {"-X", "-q", "-A", "-t", "-F", std::string(1, kFieldEnd), "-v", "ON_ERROR_STOP=1"},
             folder, limits);
  command.input = statements;
  return run(command);
}

std::string first_complaint(const std::string& errors, const std::string& password) {
  std::string line;
  for (const char* mark : {"FATAL:  ", "PANIC:  ", "ERROR:  ", "error: ", "failed: "}) {
    const auto at = errors.find(mark);
    if (at == std::string::npos) continue;
    const auto begin = at + std::string_view(mark).size();
    line = errors.substr(begin, errors.find('\n', begin) - begin);
    break;
  }
  if (line.empty()) line = errors.substr(0, errors.find('\n'));
  line = to_utf8(std::move(line));
  cross_out(line, password);
  return std::string(utf8_beginning(line, kLongestComplaint));
}

}  // namespace sluice::postgres
