#include "cli/findings_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "cli/json.h"
#include "cli/text.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::size_t findings_of(const json::array& findings, std::string_view severity) {
  return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(),
                                                [&](const auto& one) { return text_at(one, "severity") == severity; }));
}

std::string findings_text(const json::array& findings, const Screen& screen) {
  std::string out;
  for (const auto& one : findings) {
    const auto severity = text_at(one, "severity");
    if (severity == "ok") continue;
    const bool problem = severity == "problem";
    out += fmt::format(
        "{} {}\n  {}\n",
        paint(problem ? "✗ problem" : "! warning", problem ? Colour::red : Colour::yellow, screen.colour),
        paint(one_line(text_at(one, "title")), Colour::bold, screen.colour), one_line(text_at(one, "detail")));
    if (const auto remedy = one_line(text_at(one, "remedy")); !remedy.empty()) out += "  → " + remedy + "\n";
    out += "\n";
  }
  return out + fmt::format("{} looked at: {}, {}.\n", counted(findings.size(), "thing"),
                           counted(findings_of(findings, "problem"), "problem"),
                           counted(findings_of(findings, "warning"), "warning"));
}

}  // namespace sluice::cli
