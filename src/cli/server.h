#pragma once
#include <boost/json/value.hpp>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "cli/config.h"
#include "cli/sse.h"
#include "http/client.h"

// The server as the commands see it: paths below /api/v1, JSON in and out, refusals as Errors.
namespace sluice::cli {

using Query = std::vector<std::pair<std::string, std::string>>;  // a pair with an empty value is left out
// Percent-encoded: "/stacks/shop/stages/prod?limit=20".
std::string path_of(std::initializer_list<std::string> segments, const Query& query = {});
std::string percent_encoded(const std::string& text);

// What a refusal says: RFC 9457, or a plain sentence for an answer that is not (a proxy's page).
Error problem_of(const http::Response& response);

class Server {
 public:
  explicit Server(Login login) : login_(std::move(login)), client_(std::make_unique<http::Client>()) {}

  Result<boost::json::value> get(const std::string& path);
  // A body that is null is not sent. 204 answers null.
  Result<boost::json::value> send(const std::string& method, const std::string& path,
                                  const boost::json::value& body = nullptr);
  // Items of a paged list up to `limit`, as one {items, next}.
  Result<boost::json::value> list(const std::string& path, const Query& query, std::size_t limit);
  Result<http::Response> text(const std::string& path);
  // Follows server-sent events from `last_id` (empty: from now), which is kept up to date, for at most `at_most` (0: no
  // limit). `take` gets each event; `after` is called after the events of each piece that came, also when there were
  // none in it: the first piece says that the stream is open. Either may answer false to stop. timed_out when the time
  // is over. Done: stopped, or the server ended the stream.
  Result<> follow(const std::string& path, std::string& last_id, Duration at_most,
                  const std::function<bool(const StreamEvent&)>& take, const std::function<bool()>& after = {});
  [[nodiscard]] const Login& login() const { return login_; }

 private:
  http::Call call(const std::string& method, const std::string& path) const;
  Login login_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace sluice::cli
