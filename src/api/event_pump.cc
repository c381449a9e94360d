#include "api/event_pump.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace sluice::api {
namespace {
constexpr std::size_t kPage = 500;
}

EventPump::EventPump(conductor::Conductor& conductor, store::Store& store, identity::Identity& identity, Encode encode,
                     Options options)
    : conductor_(conductor),
      store_(store),
      identity_(identity),
      encode_(std::move(encode)),
      options_(options),
      places_(options.most) {
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

EventPump::~EventPump() {
  thread_.request_stop();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (auto& client : arriving_) client.sink->close();
}

Result<http::StartStream> EventPump::stream(const std::string& credential, const std::string& stack,
                                            std::int64_t after) {
  auto place = places_.take();
  if (!place)
    return fail(ErrorKind::unavailable, fmt::format("{} event streams are open, and no more may be", options_.most));
  return [this, credential, stack, after, place = std::move(place)](std::shared_ptr<http::Sink> sink) {
    // At once, so that a client may read the state after it and miss nothing.
    sink->send(": open\nretry: 2000\n\n");
    std::lock_guard lock(mutex_);
    arriving_.push_back({std::move(sink), place, credential, stack, after, std::chrono::steady_clock::now(), false});
    changed_.notify_all();
  };
}

void EventPump::send(Client& client, std::string frame, SteadyTime now) {
  client.last_sent = now;
  if (!client.sink->send(std::move(frame))) client.gone = true;
}

void EventPump::close_gone(std::vector<Client>& clients) {
  std::erase_if(clients, [](const Client& client) {
    if (client.gone) client.sink->close();
    return client.gone;
  });
}

void EventPump::run(std::stop_token stop) {
  std::vector<Client> clients;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (clients.empty()) changed_.wait(lock, stop, [this] { return !arriving_.empty(); });
      std::move(arriving_.begin(), arriving_.end(), std::back_inserter(clients));
      arriving_.clear();
    }
    if (stop.stop_requested() || clients.empty()) continue;
    try {
      round(clients);
    } catch (const std::exception& e) {
      spdlog::error("api: the event stream: {}", e.what());
      for (auto& client : clients) client.gone = true;
    }
    close_gone(clients);
  }
  for (auto& client : clients) client.sink->close();
}

void EventPump::round(std::vector<Client>& clients) {
  auto least = std::min_element(clients.begin(), clients.end(), [](auto& a, auto& b) { return a.seq < b.seq; })->seq;
  const auto newest = conductor_.wait_commit(least, options_.look);
  const auto now = std::chrono::steady_clock::now();
  for (auto& client : clients) {
    if (!identity_.valid(client.credential)) {
      client.gone = true;
    } else if (client.seq > newest || client.seq + options_.too_far < newest) {
      // Of another history (a restored backup), or too far behind to catch up.
      client.seq = newest;
      send(client, fmt::format("id: {0}\nevent: reset\ndata: {{\"seq\":{0}}}\n\n", newest), now);
    }
  }
  close_gone(clients);
  if (clients.empty()) return;
  least = std::min_element(clients.begin(), clients.end(), [](auto& a, auto& b) { return a.seq < b.seq; })->seq;
  if (least < newest) {
    auto events = store_.events_after(least, kPage);
    if (!events) {
      spdlog::error("api: the event stream: {}", events.error().message);
      for (auto& client : clients) client.gone = true;
      return;
    }
    for (const auto& event : *events) {
      auto frame = encode_(event);
      for (auto& client : clients) {
        if (client.gone || event.seq <= client.seq) continue;
        client.seq = event.seq;
        if (client.stack.empty() || client.stack == event.stack_name) send(client, frame, now);
      }
    }
  }
  for (auto& client : clients)
    if (!client.gone && now - client.last_sent >= options_.heartbeat) send(client, ": still here\n\n", now);
}

}  // namespace sluice::api
