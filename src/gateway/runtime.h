#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/maps.h"
#include "gateway/route.h"
#include "gateway/socket.h"

// What the running HAProxy is told and asked while it runs. Nothing is remembered here, and all of it can be repeated;
// every Error but those named is `unavailable`: no HAProxy answers. After a reload the worker that was replaced still
// answers connections that were kept alive, so that each is told everything.
namespace sluice::gateway {

class Runtime {
 public:
  explicit Runtime(std::filesystem::path dir) : socket_(std::move(dir)) {}
  // Which settings it was started or reloaded with; empty: not with a gateway's.
  [[nodiscard]] Result<std::string> generation() const;
  // Returns when it has begun to.
  [[nodiscard]] Result<> reload() const;
  // Makes it what the files say about these routes' servers, hosts and sets. not_found: it has not read the file of
  // one, and must reload.
  [[nodiscard]] Result<> follow(const std::vector<Route>& routes) const;
  // Makes a map what is wanted, as far as its keys begin with `prefix`.
  [[nodiscard]] Result<> follow(const std::string& map, const std::string& prefix, const Entries& wanted) const;
  // No new request goes to the servers of a route that is no more.
  [[nodiscard]] Result<> drain(const Route& route) const;
  [[nodiscard]] Result<> forget_host(const std::string& host) const;
  // Whether each would be sent requests. not_found: it knows no such backend.
  [[nodiscard]] Result<std::map<std::string, bool>> servers(const std::string& backend) const;
  // The requests they still have.
  [[nodiscard]] Result<std::int64_t> in_flight(const std::string& id, const std::vector<std::string>& names) const;
  [[nodiscard]] Result<> forget(const std::string& id, const std::vector<std::string>& names) const;

 private:
  // By its process id; empty: the one that takes new connections.
  using Worker = std::string;
  [[nodiscard]] Result<std::vector<Worker>> workers() const;
  // Of several orders, joined by ';', the answers one after the other.
  [[nodiscard]] Result<std::string> ask(const Worker& worker, const std::string& orders) const;
  template <class Tell>
  [[nodiscard]] Result<> each(Tell tell) const;
  [[nodiscard]] Result<std::map<std::string, bool>> servers(const Worker& worker, const std::string& backend) const;
  [[nodiscard]] Result<> follow(const Worker& worker, const Route& route) const;
  [[nodiscard]] Result<> follow(const Worker& worker, const std::string& map, const std::string& prefix,
                                const Entries& wanted) const;
  Socket socket_;
};

}  // namespace sluice::gateway
