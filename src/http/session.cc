#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cerrno>

#include "http/bridge.h"
#include "http/head.h"
#include "http/loop.h"
#include "http/render.h"
#include "http/stream_queue.h"
#include "http/target.h"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
template <class T = void>
using Task = asio::awaitable<T>;

constexpr std::size_t kPiece = 64u << 10;
constexpr std::size_t kIdleBuffer = 2u << 10;
constexpr Duration kStopStream(1000);
constexpr std::string_view kMistake = "the server made a mistake; its log says more";

// What a worker thread is asked about one request, and what it answered.
struct Job {
  Request request;
  bool done = false;  // of the loop's thread
  bool admitted = false;
  Handler::Admission admission;
  Response response;
};

// One connection. Everything here runs on the loop's thread unless it says otherwise.
class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(Loop& loop, tcp::socket socket)
      : loop_(loop), socket_(std::move(socket)), event_(socket_.get_executor()), buffer_(2 * kMaxHead + kPiece) {
    ErrorCode ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    const auto peer = socket_.remote_endpoint(ignored);
    if (!ignored) peer_ = peer.address().to_string();
  }

  Task<> run(bool refused) {
    if (refused) {
      const Refusal full{503, "the server has as many connections as it takes; try again in a moment"};
      co_await refuse(full);
    } else {
      while (co_await serve_one()) {
      }
    }
    ErrorCode ignored;
    socket_.close(ignored);
  }

  void expire() override {
    timed_out_ = true;
    cancel();
  }
  void stop() override {
    if (state_ == State::idle) cancel();
    if (state_ == State::streaming) {
      deadline = std::min(deadline, std::chrono::steady_clock::now() + kStopStream);
      wake();
    }
  }
  void abort() override {
    aborted_ = true;
    ErrorCode ignored;
    socket_.close(ignored);
    wake();
  }

 private:
  enum class State { idle, busy, streaming };
  using Parser = beast::http::request_parser<beast::http::buffer_body>;

  void cancel() {
    ErrorCode ignored;
    socket_.cancel(ignored);
  }
  void arm(Duration limit) {
    timed_out_ = false;
    // A stream's reader that does not read must not hold up the server's end.
    if (loop_.stopping && state_ == State::streaming) limit = std::min<Duration>(limit, kStopStream);
    deadline = std::chrono::steady_clock::now() + limit;
  }
  void disarm() { deadline = SteadyTime::max(); }

  // ---- waiting for other threads. A wake may come for what is past: whoever waits looks again.
  void wake() {
    woken_ = true;
    event_.cancel();
  }
  Task<> woken() {
    while (!woken_) {
      ErrorCode ignored;
      event_.expires_at(SteadyTime::max());
      co_await event_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    woken_ = false;
  }
  // To be called from any thread.
  std::function<void()> waker() {
    return
        [self = shared_from_this()]() mutable { asio::post(self->socket_.get_executor(), [self] { self->wake(); }); };
  }
  // Runs `work` on a worker thread; when it has ended, `then` on the loop's.
  void offload(std::function<void()> work, std::function<void()> then) {
    loop_.workers.post([self = shared_from_this(), work = std::move(work), then = std::move(then)]() mutable {
      work();
      work = nullptr;
      const auto executor = self->socket_.get_executor();
      asio::post(executor, [self = std::move(self), then = std::move(then)] {
        if (then) then();
        self->wake();
      });
    });
  }

  // ---- one request
  // True when another may follow on this connection.
  Task<bool> serve_one() {
    auto head = co_await read_head();
    if (!head) {
      if (head.error().status != 0) co_await refuse(head.error());
      co_return false;
    }
    state_ = State::busy;
    keep_alive_ = head->keep_alive && head->minor == 1;
    minor_ = head->minor;
    is_head_ = head->method == "HEAD";
    owes_continue_ = head->expects_continue && head->has_body();
    const bool has_body = head->has_body();
    const auto length = head->length;

    auto target = parse_target(head->target);
    if (!target) {
      const Refusal refusal{400, target.error().message};
      co_await refuse(refusal);
      co_return false;
    }
    const auto job = std::make_shared<Job>();
    job->request = Request{std::move(head->method),
                           std::move(head->target),
                           std::move(target->path),
                           std::move(target->query),
                           std::move(target->raw_query),
                           std::move(head->headers),
                           {},
                           peer_};
    // One trip to a worker does both questions where no body stands between them.
    ask(job, [this, job, has_body] {
      job->admission = loop_.handler.admit(job->request);
      job->admitted = !job->admission.answer;
      if (job->admission.answer)
        job->response = std::move(*job->admission.answer);
      else if (!has_body && !job->admission.streams)
        job->response = loop_.handler.handle(job->request);
    });
    while (!job->done) co_await woken();
    if (job->admitted && job->admission.streams) co_return co_await serve_exchange(job);
    if (job->admitted && has_body) {
      if (auto refusal = co_await read_body(job->request.body, length, job->admission.body_limit)) {
        if (refusal->status != 0) co_await refuse(*refusal);
        co_return false;
      }
      ask(job, [this, job] { job->response = loop_.handler.handle(job->request); });
      while (!job->done) co_await woken();
    }
    co_return co_await answer(job);
  }

  // On a worker: a handler that throws is answered 500, and what it threw is reported but not told to the client.
  void ask(const std::shared_ptr<Job>& job, std::function<void()> question) {
    job->done = false;
    const auto safely = [this, job, question = std::move(question)] {
      try {
        question();
      } catch (const std::exception& thrown) {
        job->admitted = false;
        job->response = problem(500, kMistake);
        report(job->request, thrown.what());
      }
    };
    offload(safely, [job] { job->done = true; });
  }
  void report(const Request& request, const char* what) {
    if (loop_.options.report) loop_.options.report(request.method + " " + request.path + ": " + what);
  }

  // ---- reading
  // A Refusal of status 0: end without a word.
  Task<tl::expected<Head, Refusal>> read_head() {
    parser_.reset();
    state_ = State::idle;
    is_head_ = false;
    bool begun = false;
    while (true) {
      skip_empty_line();
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
        if (buffer_.capacity() > kIdleBuffer) buffer_ = beast::flat_buffer(2 * kMaxHead + kPiece);
        arm(loop_.options.idle_time);
      }
      ErrorCode error;
      const auto room = buffer_.prepare(view().empty() ? kIdleBuffer : kMaxHead);
      const auto got = co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
      buffer_.commit(got);
      if (error) {
        const bool slow = timed_out_ && begun;
        disarm();
        co_return tl::unexpected(slow ? Refusal{408, "the head of the request did not come in time"} : Refusal{0, {}});
      }
    }
  }
  tl::expected<Head, Refusal> take_head(std::size_t size) {
    auto head = parse_head(view().substr(0, size));
    if (!head) return head;
    // Beast frames the body; it has to agree on the head, which is the stricter reading's by now.
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(kMaxHead));
    parser_->body_limit(boost::none);
    ErrorCode error;
    const auto used = parser_->put(asio::buffer(buffer_.data().data(), size), error);
    if (error || used != size || !parser_->is_header_done() || parser_->is_done() == head->has_body())
      return tl::unexpected(Refusal{400, "the head of the request is malformed"});
    buffer_.consume(size);
    return head;
  }
  // RFC 9112 2.2: an empty line before a request is skipped.
  void skip_empty_line() {
    if (view().starts_with("\r\n")) buffer_.consume(2);
  }
  std::string_view view() const { return {static_cast<const char*>(buffer_.data().data()), buffer_.data().size()}; }

  // Some bytes of the body; 0 at its end or on an error.
  Task<std::size_t> read_some_body(char* into, std::size_t size, Duration limit, ErrorCode& error) {
    if (std::exchange(owes_continue_, false)) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await write(kContinue, error);
      if (error) co_return 0;
    }
    std::size_t got = 0;
    if (buffer_.capacity() < kPiece) buffer_.reserve(kPiece);
    while (got == 0 && !parser_->is_done()) {
      auto& body = parser_->get().body();
      body.data = into;
      body.size = size;
      body.more = true;
      arm(limit);
      co_await beast::http::async_read_some(socket_, buffer_, *parser_,
                                            asio::redirect_error(asio::use_awaitable, error));
      disarm();
      if (error == beast::http::error::need_buffer) error = {};
      got = size - body.size;
      if (error) co_return 0;
    }
    co_return got;
  }
  // Into memory. A Refusal when it is too large, malformed, slow or broken off.
  Task<std::optional<Refusal>> read_body(std::string& body, std::optional<std::uint64_t> length, std::size_t limit) {
    const Refusal too_large{413, "the body is larger than the " + std::to_string(limit) + " bytes that are taken here"};
    if (length.value_or(0) > limit) co_return too_large;
    body.reserve(std::min<std::size_t>(length.value_or(0), 1u << 20));
    while (true) {
      const auto size = body.size();
      body.resize(size + std::min(kPiece, limit - size + 1));
      ErrorCode error;
      const auto got = co_await read_some_body(body.data() + size, body.size() - size, loop_.options.stall_time, error);
      body.resize(size + got);
      if (error) co_return body_refusal(error);
      if (body.size() > limit) co_return too_large;
      if (got == 0) co_return std::nullopt;
    }
  }
  Refusal body_refusal(const ErrorCode& error) const {
    if (timed_out_) return {408, "the body of the request did not come in time"};
    if (error.category() == beast::http::make_error_code(beast::http::error::bad_chunk).category() &&
        error != beast::http::error::end_of_stream && error != beast::http::error::partial_message)
      return {400, "the body of the request is not properly chunked"};
    return {0, {}};
  }

  // ---- answering
  Task<> write(std::string_view bytes, ErrorCode& error) {
    while (!bytes.empty() && !error) {
      arm(write_limit_);
      const auto buffer = asio::buffer(bytes.data(), bytes.size());
      bytes.remove_prefix(co_await socket_.async_write_some(buffer, asio::redirect_error(asio::use_awaitable, error)));
      disarm();
    }
  }
  bool body_left() const { return owes_continue_ || (parser_ && !parser_->is_done()); }
  Framing streamed() const { return minor_ == 1 ? Framing::chunked : Framing::until_close; }

  Task<bool> answer(const std::shared_ptr<Job>& job) {
    auto& response = job->response;
    if (body_left() || loop_.stopping) keep_alive_ = false;
    if (response.stream) co_return co_await serve_stream(response);
    const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
    std::string bytes = render_head(response.status, response.headers, bodiless ? Framing::none : Framing::length,
                                    response.body.size(), keep_alive_);
    ErrorCode error;
    if (bodiless || is_head_ || response.body.size() <= kPiece) {
      if (!bodiless && !is_head_) bytes += response.body;
      co_await write(bytes, error);
    } else {
      co_await write(bytes, error);
      co_await write(response.body, error);
    }
    if (error) co_return false;
    if (!keep_alive_) co_await linger();
    co_return keep_alive_;
  }
  Task<> refuse(const Refusal& refusal) {
    state_ = State::busy;
    auto response = problem(refusal.status, refusal.detail);
    if (refusal.status == 503) response.headers.set("Retry-After", "1");
    std::string bytes = render_head(refusal.status, response.headers, Framing::length, response.body.size(), false);
    if (!is_head_) bytes += response.body;
    ErrorCode error;
    co_await write(bytes, error);
    if (!error) co_await linger();
  }
  // Closing while the client still sends would reset the connection and could take the answer from it: what comes is
  // thrown away for a moment.
  Task<> linger() {
    ErrorCode error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    buffer_ = beast::flat_buffer(kPiece);
    while (!error && !loop_.stopping && std::chrono::steady_clock::now() < end) {
      arm(std::chrono::seconds(1));
      const auto room = buffer_.prepare(kIdleBuffer);
      co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
      disarm();
    }
  }

  // ---- streams
  Task<bool> serve_stream(Response& response) {
    ErrorCode error;
    keep_alive_ = false;
    const std::string head = render_head(response.status, response.headers, streamed(), 0, keep_alive_);
    co_await write(head, error);
    if (error || is_head_) co_return false;
    state_ = State::streaming;
    const auto queue = std::make_shared<StreamQueue>(waker());
    const auto start = std::make_shared<StartStream>(std::move(response.stream));
    const auto begin = [start, queue] {
      try {
        (*start)(make_sink(queue));
      } catch (const std::exception&) {
        queue->close();
      }
      *start = nullptr;
    };
    offload(begin, nullptr);
    watch_peer();
    const bool whole = co_await pump(*queue);
    queue->detach();
    if (whole) co_await linger();
    co_return false;
  }
  // False when the stream broke off rather than ended.
  Task<bool> pump(StreamQueue& queue) {
    ErrorCode error;
    std::string bytes;
    while (true) {
      auto taken = queue.take();
      if (taken.overflowed || peer_gone_ || aborted_) co_return false;
      const bool last = taken.ended || loop_.stopping;
      if (minor_ == 1) {
        bytes.clear();
        append_chunk(bytes, taken.bytes);
        if (last) bytes += kLastChunk;
      } else {
        bytes.swap(taken.bytes);
      }
      taken.bytes = {};
      co_await write(bytes, error);
      if (error) co_return false;
      if (bytes.capacity() > kPiece) bytes = {};
      if (last) co_return true;
      queue.taken_is_read();
      co_await woken();
    }
  }
  // An event stream may be silent for long: notices the other end's going without writing.
  void watch_peer() {
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const ErrorCode& error) {
      if (error) return;
      char byte = 0;
      const auto got = ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
      if (got > 0 || (got < 0 && errno == EAGAIN)) return;  // it sends more: a write will tell
      self->peer_gone_ = true;
      self->wake();
    });
  }

  // ---- exchanges
  Task<bool> serve_exchange(const std::shared_ptr<Job>& job) {
    const auto bridge = std::make_shared<Bridge>(std::move(job->request), waker());
    loop_.streamers.post([this, self = shared_from_this(), bridge] {
      bool threw = false;
      try {
        loop_.handler.exchange(*bridge);
      } catch (const std::exception& thrown) {
        threw = true;
        report(bridge->request(), thrown.what());
      }
      bridge->finish(threw);
    });
    write_limit_ = loop_.options.exchange_stall_time;
    const bool sent = co_await answer_asks(*bridge);
    write_limit_ = loop_.options.stall_time;
    if (!sent) co_return false;
    if (!keep_alive_) co_await linger();
    co_return keep_alive_;
  }
  // Until the thread has finished; true when the answer went out whole.
  Task<bool> answer_asks(Bridge& bridge) {
    bool head_sent = false;
    ErrorCode error;
    while (true) {
      auto ask = bridge.ask();
      if (const auto* read = std::get_if<Bridge::Read>(&ask)) {
        const auto limit = loop_.options.exchange_stall_time;
        std::size_t got = 0;
        if (!error) got = co_await read_some_body(read->into, read->size, limit, error);
        bridge.answer(moved(got, error));
      } else if (const auto* bytes = std::get_if<Bridge::Write>(&ask)) {
        if (!error) co_await write_part(bridge, head_sent, bytes->bytes, false, error);
        head_sent = true;
        bridge.answer(moved(bytes->bytes.size(), error));
      } else if (const auto* finish = std::get_if<Bridge::Finish>(&ask)) {
        if (error || (finish->threw && head_sent)) co_return false;
        if (finish->threw || !bridge.answered()) {
          const Refusal refusal{500, std::string(kMistake)};
          co_await refuse(refusal);
          co_return false;
        }
        co_await write_part(bridge, head_sent, {}, true, error);
        co_return !error;
      } else {
        co_await woken();
      }
    }
  }
  Task<> write_part(Bridge& bridge, bool head_sent, std::string_view bytes, bool last, ErrorCode& error) {
    std::string lead;
    const auto& response = *bridge.answered();
    const bool bodiless = is_head_ || response.status == 204 || response.status == 304;
    if (!head_sent) {
      if ((last && body_left()) || loop_.stopping) keep_alive_ = false;
      lead = render_head(response.status, response.headers, response.status == 204 ? Framing::none : streamed(), 0,
                         keep_alive_);
    }
    if (last && body_left()) keep_alive_ = false;
    if (minor_ == 1 && !bodiless) {
      if (!bytes.empty()) append_chunk_head(lead, bytes.size());
      if (last) lead += kLastChunk;
    }
    if (bodiless) bytes = {};
    std::string_view tail = !bytes.empty() && minor_ == 1 ? "\r\n" : "";
    if (bytes.size() <= kPiece / 4) {
      lead += bytes;
      lead += tail;
      bytes = tail = {};
    }
    co_await write(lead, error);
    if (!error) co_await write(bytes, error);
    if (!error) co_await write(tail, error);
  }
  Result<std::size_t> moved(std::size_t count, const ErrorCode& error) const {
    if (!error) return count;
    if (aborted_) return fail(ErrorKind::cancelled, "the server is stopping");
    if (timed_out_) return fail(ErrorKind::timed_out, "the other end was silent for too long");
    const auto refusal = body_refusal(error);
    if (refusal.status == 400) return fail(ErrorKind::invalid, refusal.detail);
    return fail(ErrorKind::unavailable, "the other end closed the connection");
  }

  Loop& loop_;
  tcp::socket socket_;
  asio::steady_timer event_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string peer_;
  Duration write_limit_ = loop_.options.stall_time;
  State state_ = State::idle;
  int minor_ = 1;
  bool keep_alive_ = true, is_head_ = false, owes_continue_ = false;
  bool woken_ = false, timed_out_ = false, aborted_ = false, peer_gone_ = false;
};

}  // namespace

void serve(Loop& loop, tcp::socket socket, bool refused) {
  const auto session = std::make_shared<Session>(loop, std::move(socket));
  loop.connections.insert(session.get());
  asio::co_spawn(loop.context, session->run(refused), [&loop, session](std::exception_ptr) {
    loop.connections.erase(session.get());
    session->abort();
    if (loop.on_gone) loop.on_gone();
  });
}

}  // namespace sluice::http
