#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/head.h"
#include "http/loop.h"

// Private to the server: the bytes of one connection, in requests and answers, under time limits. Beast stays in
// wire.cc.
namespace sluice::http {

using ErrorCode = boost::system::error_code;
template <class T = void>
using Task = boost::asio::awaitable<T>;

// Of a body of more than `limit` bytes.
Refusal too_large(std::size_t limit);

class Wire {
 public:
  static constexpr std::size_t kPiece = 64u << 10;

  Wire(Loop& loop, boost::asio::ip::tcp::socket socket);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // The head of the next request. A Refusal of status 0: end without a word.
  Task<tl::expected<Head, Refusal>> read_head();
  // Some bytes of its body, asked for with 100 where the client waits for that; 0 at the end or on an error. `limit`:
  // the longest time without a byte.
  Task<std::size_t> read_some_body(char* into, std::size_t size, Duration limit, ErrorCode& error);
  // The whole body. A Refusal when it is too large, malformed, slow or broken off.
  Task<std::optional<Refusal>> read_body(std::string& body, std::optional<std::uint64_t> length, std::size_t limit);
  [[nodiscard]] bool body_left() const;
  [[nodiscard]] Refusal body_refusal(const ErrorCode& error) const;

  // All of it, at most `limit` without a byte taken.
  Task<> write(std::string_view bytes, Duration limit, ErrorCode& error);
  // Ends the answer. Closing while the client still sends would reset the connection and could take the answer from it:
  // what comes is thrown away for a moment.
  Task<> linger();
  // Calls once when the other end closes. An event stream may be silent for long, and would not notice by writing.
  void watch(std::function<void()> gone);

  [[nodiscard]] const std::string& peer() const { return peer_; }
  [[nodiscard]] auto executor() { return socket_.get_executor(); }
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  [[nodiscard]] SteadyTime deadline() const { return deadline_; }
  void expire();  // the deadline has passed: what is under way ends with an error
  void cancel();  // what is under way ends with an error
  void hurry();   // the server stops: no more than a second for anything
  void close();

 private:
  struct Inbound;
  void arm(Duration limit);
  void disarm();
  tl::expected<Head, Refusal> take_head(std::size_t size);
  [[nodiscard]] std::string_view view() const;

  Loop& loop_;
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<Inbound> in_;
  std::string peer_;
  SteadyTime deadline_ = SteadyTime::max();
  bool timed_out_ = false, in_a_hurry_ = false, owes_continue_ = false;
};

}  // namespace sluice::http
