#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "cli/context.h"
#include "cli/json.h"
#include "cli/verdict.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

using std::chrono::steady_clock;

// Between two looks at the state at the latest, should the event stream be silent or broken.
constexpr std::chrono::seconds kLookAgain{5};

class Waiting {
 public:
  Waiting(Context& context, Server& server)
      : context_(context), server_(server), stream_(server.login()), number_(context.args.change.value_or(0)) {}

  Result<Exit> until(steady_clock::time_point deadline) {
    bool seen = false;
    for (;;) {
      if (auto looked = look(); looked) {
        seen = true;
        if (over()) break;
      } else if (!seen || looked.error().kind != ErrorKind::unavailable) {
        return fail(looked.error());
      }
      const auto left = std::chrono::ceil<Duration>(deadline - steady_clock::now());
      if (left.count() <= 0) return timed_out();
      problem_.reset();
      const auto streamed = stream_.follow(
          path_of({"events"}, {{"stack", context_.args.stack}}), last_id_, std::min<Duration>(left, kLookAgain),
          [](const StreamEvent&) { return true; },
          [this] {
            auto looked = look();
            if (!looked) problem_ = looked.error();
            return looked && !over();
          });
      if (over()) break;
      if (problem_ && problem_->kind != ErrorKind::unavailable) return fail(*problem_);
      const bool broke = streamed || streamed.error().kind == ErrorKind::unavailable;
      if (!streamed && !broke && streamed.error().kind != ErrorKind::timed_out) return fail(streamed.error());
      if (broke)
        std::this_thread::sleep_for(
            std::min<steady_clock::duration>(std::chrono::milliseconds(500), deadline - steady_clock::now()));
    }
    return end();
  }

 private:
  bool over() const { return verdict_.came != Came::not_yet; }

  // The change in question, when it is there yet; then how it stands.
  Result<> look() {
    if (number_ == 0) {
      auto page = server_.list(path_of({"stacks", context_.args.stack, "changes"}),
                               {{"commit", context_.args.commit.value_or("")}}, 1);
      if (!page) return fail(page.error());
      if (list_at(*page, "items").empty()) {
        verdict_ = {Came::not_yet,
                    context_.args.commit ? "this commit has not been checked in" : "there is no check-in yet", ""};
        return {};
      }
      number_ = number_at(list_at(*page, "items").front(), "number");
    }
    auto change = server_.get(path_of({"stacks", context_.args.stack, "changes", std::to_string(number_)}));
    if (!change) return fail(change.error());
    change_ = std::move(*change);
    verdict_ = judge(change_, context_.args.stage, context_.args.wait_for);
    return {};
  }

  Result<Exit> timed_out() {
    if (context_.args.json && !change_.is_null()) say(pretty(change_));
    return fail(ErrorKind::timed_out,
                fmt::format("{} after {}; wait longer with --timeout", verdict_.sentence, context_.args.timeout));
  }
  Result<Exit> end() {
    if (context_.args.json) say(pretty(change_));
    if (verdict_.came == Came::yes) {
      if (!context_.args.json) say(verdict_.sentence + "\n");
      return Exit::done;
    }
    std::string error;
    if (!verdict_.deployment.empty())
      if (auto deployment = server_.get(path_of({"deployments", verdict_.deployment})); deployment)
        error = subject(text_at(*deployment, "error"));
    return fail(ErrorKind::failed, verdict_.sentence + (error.empty() ? "" : ": " + error));
  }

  Context& context_;
  Server& server_;
  Server stream_;  // a second connection: the first one asks while this one listens
  std::int64_t number_;
  std::string last_id_;
  json::value change_;
  Verdict verdict_;
  std::optional<Error> problem_;
};

}  // namespace

Result<Exit> wait(Context& context) {
  const auto limit = parse_duration(context.args.timeout);
  if (!limit)
    return fail(ErrorKind::invalid,
                fmt::format("--timeout: \"{}\" is not a time such as 90s or 10m", one_line(context.args.timeout)));
  auto server = connect(context);
  if (!server) return fail(server.error());
  return Waiting(context, *server).until(steady_clock::now() + *limit);
}

}  // namespace sluice::cli
