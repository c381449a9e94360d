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
#include "gateway/usage.h"

// What the running HAProxy is told and asked while it runs. Nothing is remembered here, and all of it can be repeated.
// An Error is `unavailable` where no HAProxy answers, `internal` where it answers and refuses; others are named. After
// a reload the worker that was replaced answers only what it has begun to, and needs to be told nothing.
namespace sluice::gateway {

class Runtime {
 public:
  explicit Runtime(std::filesystem::path dir) : socket_(std::move(dir)) {}
  // Which settings it was started or reloaded with; empty: not with a gateway's.
  [[nodiscard]] Result<std::string> generation() const;
  // Returns when it has begun to.
  [[nodiscard]] Result<> reload() const;
  // Whether every worker but the newest knows that it was replaced.
  [[nodiscard]] Result<bool> replaced() const;
  // Makes it what the files say about this route's servers, hosts and sets. not_found: it has not read this route's
  // file, and must reload.
  [[nodiscard]] Result<> follow(const Route& route) const;
  // Makes a map what is wanted, as far as its keys begin with `prefix`.
  [[nodiscard]] Result<> follow(const std::string& map, const std::string& prefix, const Entries& wanted) const;
  // `file` is the certificate's, below the gateway's folder.
  [[nodiscard]] Result<> set_certificate(const std::string& file, const std::string& pem) const;
  [[nodiscard]] Result<> remove_certificate(const std::string& file) const;
  // No new request goes to the servers of a route that is no more.
  [[nodiscard]] Result<> drain(const Route& route) const;
  [[nodiscard]] Result<> forget_host(const std::string& host) const;
  // Whether each would be sent requests. not_found: it knows no such backend.
  [[nodiscard]] Result<std::map<std::string, bool>> servers(const std::string& backend) const;
  // Those that are sent requests, as BACKEND/SERVER. unavailable at once when no HAProxy listens.
  [[nodiscard]] Result<std::vector<std::string>> up() const;
  // As many checks must fail from now on as of one that has long been well: HAProxy takes a new server, or one that it
  // has just read, out at the first. `servers` as BACKEND/SERVER; what it does not know is left out.
  [[nodiscard]] Result<> trust(const std::vector<std::string>& servers) const;
  // The requests they still have, or may be given by another try, also in workers that a reload replaced.
  [[nodiscard]] Result<std::int64_t> in_flight(const std::string& id, const std::vector<std::string>& names) const;
  // By backend, since HAProxy's start or reload; `open` also in workers that a reload replaced.
  [[nodiscard]] Result<std::map<std::string, Counted>> counted() const;
  // Returns those that a request may still be tried again at: HAProxy 2.6 would delete them all the same, and use their
  // memory after that (fixed upstream since: "don't delete a dynamic server that has streams").
  [[nodiscard]] Result<std::vector<std::string>> forget(const std::string& id,
                                                        const std::vector<std::string>& names) const;

 private:
  [[nodiscard]] Result<std::vector<std::string>> old_workers() const;  // by process id
  Socket socket_;
};

}  // namespace sluice::gateway
