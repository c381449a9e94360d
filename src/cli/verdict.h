#pragma once
#include <boost/json/value.hpp>
#include <string>

// Whether what `sluice wait` waits for has come, or can come no more. Pure.
namespace sluice::cli {

enum class Came { not_yet, yes, never };
struct Verdict {
  Came came = Came::not_yet;
  std::string sentence;    // for people: how the change stands
  std::string deployment;  // of a failure: whose error says more
};

// `change` as the API gives it; `stage` empty: for success the last stage, else any. `what`: success, end or approval.
// A change that ended before the stage never reaches it (R3.4), unless a person acts.
Verdict judge(const boost::json::value& change, const std::string& stage, const std::string& what);

}  // namespace sluice::cli
