#pragma once
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "cli/terminal.h"

// What stages use, as a person reads it. Pure: answers of the API in, text out.
namespace sluice::cli {

// A line a stage, the busiest first: now, and in the last hour.
std::string top_text(const boost::json::array& stages, const Screen& screen);
// One stage over time: a line of bars for each figure with what it is now and was at most, deployments below.
std::string usage_text(const boost::json::value& usage, const Screen& screen);
std::string prices_text(const boost::json::value& prices);

// Of eight heights, the highest for `most`; a value above nothing is never nothing.
std::string bars(const std::vector<double>& values, double most);

}  // namespace sluice::cli
