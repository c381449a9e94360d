#pragma once
#include <boost/describe.hpp>
#include <string>
#include <vector>

namespace sluice::doctor {

enum class Severity { problem, warning, ok };
BOOST_DESCRIBE_ENUM(Severity, problem, warning, ok)

// What looking at one thing gave. Every look gives one, also when all is well.
struct Finding {
  std::string id;  // of the thing looked at, always the same: "space"
  Severity severity = Severity::ok;
  std::string title;   // its name for a person: "Free space"
  std::string detail;  // one sentence: what was seen
  std::string remedy;  // one sentence: what to do; empty when ok
  bool operator==(const Finding&) const = default;
};
BOOST_DESCRIBE_STRUCT(Finding, (), (id, severity, title, detail, remedy))

// Problems first, then warnings, then what is well; among equals as they came.
std::vector<Finding> in_order(std::vector<Finding> findings);

}  // namespace sluice::doctor
