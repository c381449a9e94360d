#include "api/followers.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace sluice::api {
namespace {
constexpr std::size_t kBehind = 256u << 10;  // bytes; a sink is cut off at 1 MiB
}

Followers::Followers(identity::Identity& identity, Options options)
    : identity_(identity), options_(options), places_(options.most) {
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

Followers::~Followers() {
  thread_.request_stop();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (auto& follower : arriving_) follower.sink->close();
}

Result<http::StartStream> Followers::stream(const std::string& credential, Next next) {
  auto place = places_.take();
  if (!place)
    return fail(ErrorKind::unavailable, fmt::format("{} logs are being followed, and no more may be", options_.most));
  return [this, credential, next = std::move(next), place = std::move(place)](std::shared_ptr<http::Sink> sink) {
    sink->send(": open\nretry: 2000\n\n");
    std::lock_guard lock(mutex_);
    arriving_.push_back({std::move(sink), place, credential, next, std::chrono::steady_clock::now()});
    changed_.notify_all();
  };
}

Followers::Found Followers::look(Follower& follower) {
  if (!identity_.valid(follower.credential)) return Found::over;
  const auto now = std::chrono::steady_clock::now();
  // A big log is sent as fast as it is read, and the others get their turn.
  for (int turn = 0; turn < 16 && follower.sink->behind() < kBehind; ++turn) {
    Piece piece;
    try {
      piece = follower.next();
    } catch (const std::exception& e) {
      spdlog::error("api: a followed log: {}", e.what());
      return Found::over;
    }
    const bool found = !piece.frames.empty();
    if (!found && now - follower.last_sent >= options_.heartbeat)
      piece.frames = piece.place.empty() ? ": still here\n\n" : "id: " + piece.place + "\n\n";
    if (piece.ended) piece.frames += "event: end\ndata: \n\n";
    if (!piece.frames.empty()) {
      follower.last_sent = now;
      if (!follower.sink->send(std::move(piece.frames)) || piece.ended) return Found::over;
    }
    if (!found) return piece.more ? Found::more : Found::nothing_more;
  }
  return Found::more;
}

void Followers::run(std::stop_token stop) {
  std::vector<Follower> followers;
  bool more = false;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (followers.empty()) {
        changed_.wait(lock, stop, [this] { return !arriving_.empty(); });
      } else {
        changed_.wait_for(lock, stop, more ? options_.look_again : options_.look,
                          [this] { return !arriving_.empty(); });
      }
      std::move(arriving_.begin(), arriving_.end(), std::back_inserter(followers));
      arriving_.clear();
    }
    if (stop.stop_requested()) break;
    more = false;
    std::erase_if(followers, [&](Follower& follower) {
      const auto found = look(follower);
      more = more || found == Found::more;
      if (found == Found::over) follower.sink->close();
      return found == Found::over;
    });
  }
  for (auto& follower : followers) follower.sink->close();
}

}  // namespace sluice::api
