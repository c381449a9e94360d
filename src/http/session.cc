#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <variant>

#include "http/bridge.h"
#include "http/loop.h"
#include "http/problem.h"
#include "http/render.h"
#include "http/stream_queue.h"
#include "http/target.h"
#include "http/wire.h"

namespace sluice::http {
namespace {

namespace asio = boost::asio;

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
  Session(Loop& loop, asio::ip::tcp::socket socket)
      : loop_(loop), wire_(loop, std::move(socket)), event_(loop.context) {}

  Task<> run(bool refused) {
    if (refused) {
      const Refusal full{503, "the server has as many connections as it takes; try again in a moment"};
      co_await refuse(full);
    } else {
      while (co_await serve_one()) {
      }
    }
    wire_.close();
  }

  SteadyTime deadline() const override { return wire_.deadline(); }
  void expire() override { wire_.expire(); }
  void stop() override {
    if (state_ == State::idle) wire_.cancel();
    if (state_ == State::streaming) {
      wire_.hurry();
      wake();
    }
  }
  void abort() override {
    aborted_ = true;
    wire_.close();
    wake();
  }

 private:
  enum class State { idle, busy, streaming };

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
    return [self = shared_from_this()]() mutable { asio::post(self->wire_.executor(), [self] { self->wake(); }); };
  }
  // Runs `work` on a worker thread; when it has ended, `then` on the loop's.
  void offload(std::function<void()> work, std::function<void()> then) {
    loop_.workers.post([self = shared_from_this(), work = std::move(work), then = std::move(then)]() mutable {
      work();
      work = nullptr;
      const auto executor = self->wire_.executor();
      asio::post(executor, [self = std::move(self), then = std::move(then)] {
        if (then) then();
        self->wake();
      });
    });
  }

  // ---- one request
  // True when another may follow on this connection.
  Task<bool> serve_one() {
    state_ = State::idle;
    is_head_ = false;
    auto head = co_await wire_.read_head();
    if (!head) {
      if (head.error().status != 0) co_await refuse(head.error());
      co_return false;
    }
    state_ = State::busy;
    keep_alive_ = head->keep_alive && head->minor == 1;
    minor_ = head->minor;
    is_head_ = head->method == "HEAD";
    if (is_head_) head->method = "GET";
    const bool has_body = head->has_body();
    const auto length = head->length;

    auto target = parse_target(head->target);
    if (!target) {
      const Refusal malformed{400, target.error().message};
      co_await refuse(malformed);
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
                           wire_.peer()};
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
    if (job->admitted && job->admission.streams) {
      if (length.value_or(0) > job->admission.body_limit) {
        const auto larger = too_large(job->admission.body_limit);
        co_await refuse(larger);
        co_return false;
      }
      co_return co_await serve_exchange(job);
    }
    if (job->admitted && has_body) {
      if (auto why = co_await wire_.read_body(job->request.body, length, job->admission.body_limit)) {
        if (why->status != 0) co_await refuse(*why);
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
        job->response = refusal(500, kMistake);
        report(job->request, thrown.what());
      }
    };
    offload(safely, [job] { job->done = true; });
  }
  void report(const Request& request, const char* what) {
    if (loop_.options.report) loop_.options.report(request.method + " " + request.path + ": " + what);
  }

  // ---- answering
  Framing streamed() const { return minor_ == 1 ? Framing::chunked : Framing::until_close; }

  Task<bool> answer(const std::shared_ptr<Job>& job) {
    auto& response = job->response;
    if (wire_.body_left() || loop_.stopping) keep_alive_ = false;
    if (response.stream) co_return co_await serve_stream(response);
    const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
    std::string bytes = render_head(response.status, response.headers, bodiless ? Framing::none : Framing::length,
                                    response.body.size(), keep_alive_);
    ErrorCode error;
    if (bodiless || is_head_ || response.body.size() <= Wire::kPiece) {
      if (!bodiless && !is_head_) bytes += response.body;
      co_await wire_.write(bytes, loop_.options.stall_time, error);
    } else {
      co_await wire_.write(bytes, loop_.options.stall_time, error);
      co_await wire_.write(response.body, loop_.options.stall_time, error);
    }
    if (error) co_return false;
    if (!keep_alive_) co_await wire_.linger();
    co_return keep_alive_;
  }
  Task<> refuse(const Refusal& why) {
    state_ = State::busy;
    const auto response = refusal(why.status, why.detail);
    std::string bytes = render_head(why.status, response.headers, Framing::length, response.body.size(), false);
    if (!is_head_) bytes += response.body;
    ErrorCode error;
    co_await wire_.write(bytes, loop_.options.stall_time, error);
    if (!error) co_await wire_.linger();
  }
  // ---- streams
  Task<bool> serve_stream(Response& response) {
    ErrorCode error;
    keep_alive_ = false;
    const std::string head = render_head(response.status, response.headers, streamed(), 0, keep_alive_);
    co_await wire_.write(head, loop_.options.stall_time, error);
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
    wire_.watch([self = shared_from_this()] {
      self->peer_gone_ = true;
      self->wake();
    });
    const bool whole = co_await pump(*queue);
    queue->detach();
    if (whole) co_await wire_.linger();
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
      co_await wire_.write(bytes, loop_.options.stall_time, error);
      if (error) co_return false;
      if (bytes.capacity() > Wire::kPiece) bytes = {};
      if (last) co_return true;
      queue.taken_is_read();
      co_await woken();
    }
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
    if (!co_await answer_asks(*bridge, job->admission.body_limit)) co_return false;
    if (!keep_alive_) co_await wire_.linger();
    co_return keep_alive_;
  }
  // Until the thread has finished; true when the answer went out whole.
  Task<bool> answer_asks(Bridge& bridge, std::size_t body_limit) {
    std::size_t read_so_far = 0;
    bool head_sent = false;
    ErrorCode error;
    while (true) {
      auto ask = bridge.ask();
      if (const auto* read = std::get_if<Bridge::Read>(&ask)) {
        const auto limit = loop_.options.exchange_stall_time;
        std::size_t got = 0;
        if (!error) got = co_await wire_.read_some_body(read->into, read->size, limit, error);
        read_so_far += got;
        if (read_so_far > body_limit)
          bridge.answer(fail(ErrorKind::too_large, too_large(body_limit).detail));
        else
          bridge.answer(moved(got, error));
      } else if (const auto* bytes = std::get_if<Bridge::Write>(&ask)) {
        if (!error) co_await write_part(bridge, head_sent, bytes->bytes, false, error);
        head_sent = true;
        bridge.answer(moved(bytes->bytes.size(), error));
      } else if (const auto* finish = std::get_if<Bridge::Finish>(&ask)) {
        if (error || (finish->threw && head_sent)) co_return false;
        if (finish->threw || !bridge.answered()) {
          const Refusal mistake{500, std::string(kMistake)};
          co_await refuse(mistake);
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
      if ((last && wire_.body_left()) || loop_.stopping) keep_alive_ = false;
      lead = render_head(response.status, response.headers, response.status == 204 ? Framing::none : streamed(), 0,
                         keep_alive_);
    }
    if (last && wire_.body_left()) keep_alive_ = false;
    if (minor_ == 1 && !bodiless) {
      if (!bytes.empty()) append_chunk_head(lead, bytes.size());
      if (last) lead += kLastChunk;
    }
    if (bodiless) bytes = {};
    std::string_view tail = !bytes.empty() && minor_ == 1 ? "\r\n" : "";
    if (bytes.size() <= Wire::kPiece / 4) {
      lead += bytes;
      lead += tail;
      bytes = tail = {};
    }
    const auto limit = loop_.options.exchange_stall_time;
    co_await wire_.write(lead, limit, error);
    co_await wire_.write(bytes, limit, error);
    co_await wire_.write(tail, limit, error);
  }
  Result<std::size_t> moved(std::size_t count, const ErrorCode& error) const {
    if (!error) return count;
    if (aborted_) return fail(ErrorKind::cancelled, "the server is stopping");
    if (wire_.timed_out()) return fail(ErrorKind::timed_out, "the other end was silent for too long");
    const auto why = wire_.body_refusal(error);
    if (why.status == 400) return fail(ErrorKind::invalid, why.detail);
    return fail(ErrorKind::unavailable, "the other end closed the connection");
  }

  Loop& loop_;
  Wire wire_;
  asio::steady_timer event_;
  State state_ = State::idle;
  int minor_ = 1;
  bool keep_alive_ = true, is_head_ = false;
  bool woken_ = false, aborted_ = false, peer_gone_ = false;
};

// No memory, or no thread to be had: the connection ends, the server goes on.
void report(const Loop& loop, const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    if (loop.options.report) loop.options.report(std::string("a connection was given up: ") + error.what());
  }
}

}  // namespace

void serve(Loop& loop, asio::ip::tcp::socket socket, bool refused) {
  const auto session = std::make_shared<Session>(loop, std::move(socket));
  loop.connections.insert(session.get());
  asio::co_spawn(loop.context, session->run(refused), [&loop, session](const std::exception_ptr& thrown) {
    if (thrown) report(loop, thrown);
    loop.connections.erase(session.get());
    session->abort();
    if (loop.on_gone) loop.on_gone();
  });
}

}  // namespace sluice::http
