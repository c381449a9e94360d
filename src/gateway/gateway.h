#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "gateway/certificate.h"
#include "gateway/maps.h"
#include "gateway/render.h"
#include "gateway/route.h"
#include "gateway/runtime.h"
#include "gateway/usage.h"
#include "gateway/wanted.h"

// HAProxy, and the routes it has. Every change is written to its files first and then told to the running one, so that
// it can be killed at any moment. A new address and a changed policy are a seamless reload; everything else is told at
// run time. The process itself is somebody else's to keep running: command(). Several may run on one machine.
namespace sluice::gateway {

class Gateway {
 public:
  struct Options {
    std::filesystem::path dir;  // belongs to the gateway alone
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: one picked by the kernel at the first start and kept in `dir`
    // For TLS, beside the other; absent: none. 0 as above.
    std::optional<std::uint16_t> tls_port = std::nullopt;
    // How long a request is held for a route that sleeps; and while nobody hears that it is wanted. Whole seconds.
    Duration held_for = std::chrono::seconds(120), unheard_for = std::chrono::seconds(30);
  };
  // Reads the routes of an earlier run and writes HAProxy's files. An Error says when the port is taken.
  static Result<std::unique_ptr<Gateway>> open(Options options);
  // What keeps HAProxy in the foreground; to be run in folder(). Its standard output is the access log: one line a
  // request, led by the route's id and a space ("-": of no route).
  [[nodiscard]] static std::vector<std::string> command();
  [[nodiscard]] const std::filesystem::path& folder() const { return dir_; }
  [[nodiscard]] std::uint16_t port() const { return settings_.port; }
  [[nodiscard]] std::uint16_t tls_port() const { return settings_.tls_port; }  // 0: none
  // Waits until HAProxy answers with these files; one that runs with older files is reloaded.
  Result<> await(Duration at_most);

  // All of these are idempotent and leave the files true also when HAProxy does not answer (unavailable): then the same
  // call again tells it.
  // A host is the last route's that was given it: any other that had it answers at none.
  Result<> ensure(const std::string& id, const std::string& host);
  // All further hosts of the route, beside ensure's, which stays the main one. An Error (invalid) names `hosts`.
  Result<> set_hosts(const std::string& id, const std::vector<std::string>& hosts);
  // All keys that open the route when it is restricted: as the password of Basic (any user name), as Authorization:
  // Bearer KEY or as X-Api-Key: KEY. What was added opens, and what was revoked does not, when this returns. invalid
  // names `keys`.
  Result<> set_keys(const std::string& id, const std::vector<Key>& keys);
  // Certificates belong to domains, not to routes. `pem` is the chain, the domain's own first, and the key. In force
  // when it returns, instead of an earlier one of the domain; no request is lost. invalid names `domain`, `certificate`
  // or `key`; conflict: the gateway has no port for TLS.
  Result<> set_certificate(const std::string& domain, const std::string& pem, Time now);
  Result<> remove_certificate(const std::string& domain);          // of one that has none, too
  [[nodiscard]] std::map<std::string, Term> certificates() const;  // by domain
  // What is answered at http://ANY HOST/.well-known/acme-challenge/TOKEN, until it is set to nothing. Letters, digits,
  // '-', '_', of the answer '.' too; not kept over a restart.
  Result<> set_challenge(const std::string& token, const std::string& answer);
  // No answer kept until now is given any more.
  Result<> purge(const std::string& id);
  // Puts servers into the set with this tag, else into the one that is not live (what it held is withdrawn). Returns
  // when HAProxy would send them requests; an Error (failed) when that is not so after `patience`. Without a policy a
  // set keeps its own, and a new one has the default; one that differs from what stood in the set's place is a reload.
  // invalid names what is wrong with a policy.
  Result<> place(const std::string& id, const std::string& tag, const std::vector<Server>& servers,
                 Duration patience = std::chrono::seconds(5), const std::optional<Policy>& policy = std::nullopt);
  // From now on this set answers. One without servers: as it was last shown without any, else as show_asleep.
  Result<> show(const std::string& id, const std::string& tag);
  // A page with this sentence; without one it says that the stage is scaled to 0.
  Result<> show_asleep(const std::string& id, const std::optional<std::string>& sentence = std::nullopt);
  // Requests are held, and on_wanted's function is told, until the route is shown.
  Result<> show_sleeping(const std::string& id);
  Result<> show_empty(const std::string& id);  // and no set is live
  // No new request goes to these; those under way go on.
  Result<> withdraw(const std::string& id, const std::vector<std::string>& servers);
  // How many requests these still have, also in a HAProxy that was replaced by a reload.
  Result<std::int64_t> in_flight(const std::string& id, const std::vector<std::string>& servers) const;
  // To be called when withdrawn servers have ended. Returns within seconds; one that requests still stand at by then
  // stays without any new one, and the next reload drops it.
  Result<> forget(const std::string& id, const std::vector<std::string>& servers);
  Result<> remove(const std::string& id);
  // To be called once. `wanted` is told of a sleeping route for which requests are held: at once, and every few seconds
  // for as long as they are, also when they came while no server was there. It is called on a thread of the gateway's
  // and may call the gateway; not after the gateway's destructor has returned.
  Result<> on_wanted(std::function<void(const std::string& id)> wanted);
  // Of every route that HAProxy knows. Costs it a millisecond or so for hundreds of routes.
  Result<std::map<std::string, Use>> usage();
  [[nodiscard]] std::optional<Route> find(const std::string& id) const;
  [[nodiscard]] std::optional<std::string> id_of(const std::string& host) const;
  [[nodiscard]] std::vector<std::string> ids() const;
  // The server that a request of a client for `path` of `host` is answered by now; empty when no server answers it. The
  // look itself is neither limited, refused, held, kept, answered from a cache nor logged.
  [[nodiscard]] std::string answered_by(const std::string& host, const std::string& path) const;

 private:
  // What an address or a route was before, of which HAProxy is still to be told.
  struct Gone {
    std::vector<std::string> hosts;
    std::optional<Route> removed;
  };
  explicit Gateway(std::filesystem::path dir) : dir_(std::move(dir)), runtime_(dir_) {}
  Result<> show_rest(const std::string& id, const std::string& page, const std::optional<std::string>& sentence);
  void rung(const std::string& id);
  Result<> load_certificates();
  Result<> tell_certificates();
  Result<> take_port(const char* file, std::uint16_t wanted, std::uint16_t& port);
  Result<> load(const Options& options);
  Result<> write_all();
  Result<> write_main();
  Result<> write_maps();
  Result<> write_backends(const Route& route);
  Result<> write(const Route& route);
  Result<> take_hosts(const std::string& id, const std::vector<std::string>& hosts);
  Result<> tell(const std::vector<Route>& routes);
  Result<> tell_gone();
  Result<> next_generation();
  Result<> reload();
  [[nodiscard]] std::string objections() const;  // HAProxy's own, to its files
  [[nodiscard]] std::string generation() const;
  [[nodiscard]] std::vector<Route> all() const;
  Result<Route*> route(const std::string& id);

  std::filesystem::path dir_;
  Runtime runtime_;
  Settings settings_;
  std::int64_t reloads_ = 0;
  bool due_ = false;  // a reload: the files say what HAProxy can be told by nothing else
  std::map<std::string, Route> routes_;
  std::vector<Gone> gone_;
  std::map<std::string, Term> certificates_;
  Entries challenges_;
  mutable std::mutex mutex_;
  Usage usage_;
  std::function<void(const std::string&)> on_wanted_;
  std::unique_ptr<Wanted> wanted_;
};

}  // namespace sluice::gateway
