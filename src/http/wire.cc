#include "http/wire.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cerrno>
#include <utility>

namespace sluice::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

constexpr std::size_t kIdleBuffer = 2u << 10;
constexpr std::size_t kMostBuffer = 2 * kMaxHead + Wire::kPiece;
constexpr Duration kHurry(1000);
constexpr Duration kLinger(5000);

}  // namespace

struct Wire::Inbound {
  beast::flat_buffer buffer{kMostBuffer};
  std::optional<beast::http::request_parser<beast::http::buffer_body>> parser;
};

Wire::Wire(Loop& loop, tcp::socket socket) : loop_(loop), socket_(std::move(socket)), in_(std::make_unique<Inbound>()) {
  ErrorCode ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  const auto peer = socket_.remote_endpoint(ignored);
  if (!ignored) peer_ = peer.address().to_string();
}

Wire::~Wire() = default;

void Wire::arm(Duration limit) {
  timed_out_ = false;
  if (in_a_hurry_) limit = std::min(limit, kHurry);
  deadline_ = std::chrono::steady_clock::now() + limit;
}

void Wire::disarm() { deadline_ = SteadyTime::max(); }

void Wire::expire() {
  timed_out_ = true;
  deadline_ = SteadyTime::max();
  cancel();
}

void Wire::cancel() {
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Wire::hurry() {
  in_a_hurry_ = true;
  if (deadline_ != SteadyTime::max()) deadline_ = std::min(deadline_, std::chrono::steady_clock::now() + kHurry);
}

void Wire::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

std::string_view Wire::view() const {
  const auto bytes = in_->buffer.cdata();
  return {static_cast<const char*>(bytes.data()), bytes.size()};
}

Task<tl::expected<Head, Refusal>> Wire::read_head() {
  auto& buffer = in_->buffer;
  in_->parser.reset();
  owes_continue_ = false;
  bool begun = false;
  while (true) {
    // RFC 9112 2.2: an empty line before a request is skipped.
    if (!begun && view().starts_with("\r\n")) buffer.consume(2);
    auto found = find_head(view());
    if (!found) co_return tl::unexpected(std::move(found.error()));
    if (*found) {
      disarm();
      co_return take_head(**found);
    }
    if (loop_.stopping && view().empty()) co_return tl::unexpected(Refusal{0, {}});
    if (!view().empty() && !begun) {
      begun = true;
      arm(loop_.options.head_time);
    } else if (view().empty()) {
      if (buffer.capacity() > kIdleBuffer) buffer = beast::flat_buffer(kMostBuffer);
      arm(loop_.options.idle_time);
    }
    ErrorCode error;
    const auto room = buffer.prepare(view().empty() ? kIdleBuffer : kMaxHead);
    const auto got = co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
    buffer.commit(got);
    if (error) {
      const bool slow = timed_out_ && begun;
      const bool asked_for = timed_out_ || loop_.stopping || !socket_.is_open();
      if (error == asio::error::operation_aborted && !asked_for && loop_.options.report)
        loop_.options.report("a connection ended though nobody asked for it: please report this");
      disarm();
      co_return tl::unexpected(slow ? Refusal{408, "the head of the request did not come in time"} : Refusal{0, {}});
    }
  }
}

tl::expected<Head, Refusal> Wire::take_head(std::size_t size) {
  auto head = parse_head(view().substr(0, size));
  if (!head) return head;
  // Beast frames the body; it has to agree on the head, of which ours is the stricter reading.
  auto& parser = in_->parser.emplace();
  parser.header_limit(static_cast<std::uint32_t>(kMaxHead));
  parser.body_limit(boost::none);
  ErrorCode error;
  const auto used = parser.put(asio::buffer(view().data(), size), error);
  if (error || used != size || !parser.is_header_done() || parser.is_done() == head->has_body())
    return tl::unexpected(Refusal{400, "the head of the request is malformed"});
  in_->buffer.consume(size);
  owes_continue_ = head->expects_continue && head->has_body();
  return head;
}

Task<std::size_t> Wire::read_some_body(char* into, std::size_t size, Duration limit, ErrorCode& error) {
  if (std::exchange(owes_continue_, false)) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await write(kContinue, limit, error);
    if (error) co_return 0;
  }
  auto& buffer = in_->buffer;
  auto& parser = *in_->parser;
  if (buffer.capacity() < kPiece) buffer.reserve(kPiece);
  std::size_t got = 0;
  while (got == 0 && !parser.is_done()) {
    auto& body = parser.get().body();
    body.data = into;
    body.size = size;
    body.more = true;
    arm(limit);
    co_await beast::http::async_read_some(socket_, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    disarm();
    if (error == beast::http::error::need_buffer) error = {};
    got = size - body.size;
    if (error) co_return 0;
  }
  co_return got;
}

Refusal too_large(std::size_t limit) {
  return {413, "the body is larger than the " + std::to_string(limit) + " bytes that are taken here"};
}

Task<std::optional<Refusal>> Wire::read_body(std::string& body, std::optional<std::uint64_t> length,
                                             std::size_t limit) {
  if (length.value_or(0) > limit) co_return too_large(limit);
  body.reserve(std::min<std::size_t>(length.value_or(0), 1u << 20));
  while (true) {
    const auto size = body.size();
    body.resize(size + std::min(kPiece, limit - size + 1));
    ErrorCode error;
    const auto got = co_await read_some_body(body.data() + size, body.size() - size, loop_.options.stall_time, error);
    body.resize(size + got);
    if (error) co_return body_refusal(error);
    if (body.size() > limit) co_return too_large(limit);
    if (got == 0) co_return std::nullopt;
  }
}

bool Wire::body_left() const { return owes_continue_ || (in_->parser && !in_->parser->is_done()); }

Refusal Wire::body_refusal(const ErrorCode& error) const {
  if (timed_out_) return {408, "the body of the request did not come in time"};
  static const ErrorCode kOfBeast = beast::http::error::bad_chunk;
  if (error.category() == kOfBeast.category() && error != beast::http::error::end_of_stream &&
      error != beast::http::error::partial_message)
    return {400, "the body of the request is not properly chunked"};
  return {0, {}};
}

Task<> Wire::write(std::string_view bytes, Duration limit, ErrorCode& error) {
  while (!bytes.empty() && !error) {
    arm(limit);
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    const auto sent = co_await socket_.async_write_some(buffer, asio::redirect_error(asio::use_awaitable, error));
    disarm();
    bytes.remove_prefix(sent);
  }
}

Task<> Wire::linger() {
  ErrorCode error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  const auto end = std::chrono::steady_clock::now() + kLinger;
  in_->buffer = beast::flat_buffer(kPiece);
  while (!error && !loop_.stopping && std::chrono::steady_clock::now() < end) {
    arm(kHurry);
    const auto room = in_->buffer.prepare(kIdleBuffer);
    co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
    disarm();
  }
}

void Wire::watch(std::function<void()> gone) {
  socket_.async_wait(tcp::socket::wait_read, [this, gone = std::move(gone)](const ErrorCode& error) {
    if (error || !socket_.is_open()) return;
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0 || (got < 0 && errno == EAGAIN)) return;  // it sends more: a write will tell
    gone();
  });
}

}  // namespace sluice::http
