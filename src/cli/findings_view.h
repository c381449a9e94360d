#pragma once
#include <boost/json/array.hpp>
#include <string>
#include <string_view>

#include "cli/terminal.h"

// How what `sluice doctor` found looks to a person. Pure.
namespace sluice::cli {

// How many have this severity: problem, warning, ok.
std::size_t findings_of(const boost::json::array& findings, std::string_view severity);
// What needs somebody, each with its remedy, and how much was looked at.
std::string findings_text(const boost::json::array& findings, const Screen& screen);

}  // namespace sluice::cli
