#include "http/client.h"

#include <fmt/format.h>

#include <cstring>

#include "http/curl.h"

namespace sluice::http {
namespace {

struct FreeList {
  const Curl* library;
  void operator()(curl_slist* list) const { library->slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

struct Transfer {
  const Call& call;
  const Curl& library;
  CURL* curl;
  Response response;
  bool stopped_by_caller = false;
};

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(bytes, size * count);
  // A status line begins the head anew: what came before belonged to an interim answer (100 Continue).
  if (line.starts_with("HTTP/")) transfer.response.headers.all.clear();
  const auto colon = line.find(':');
  if (!line.starts_with("HTTP/") && colon != std::string_view::npos)
    transfer.response.headers.all.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  return size * count;
}

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  long status = 0;
  transfer.library.easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (transfer.call.on_body && status / 100 == 2) {
    if (!transfer.call.on_body(std::string_view(bytes, size * count))) {
      transfer.stopped_by_caller = true;
      return 0;
    }
  } else {
    transfer.response.body.append(bytes, size * count);
  }
  return size * count;
}

// "http://127.0.0.1:7420" of a longer URL, without what may be secret in it.
std::string origin_of(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return "the server";
  const auto end = url.find_first_of("/?#", scheme + 3);
  std::string authority = url.substr(scheme + 3, end == std::string::npos ? end : end - scheme - 3);
  if (const auto at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
  return url.substr(0, scheme + 3) + authority;
}

std::string reason_of(CURLcode code, const Curl& library, CURL* curl) {
  long os_error = 0;
  library.easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_error);
  switch (code) {
    case CURLE_COULDNT_CONNECT: {
      if (os_error == 0) return "connection refused";
      std::string words = std::strerror(static_cast<int>(os_error));
      if (!words.empty() && words[0] >= 'A' && words[0] <= 'Z') words[0] = static_cast<char>(words[0] - 'A' + 'a');
      return words;
    }
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the host name is not known";
    case CURLE_GOT_NOTHING:
      return "the server closed the connection without an answer";
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return "the connection broke";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the server's certificate is not trusted";
    default:
      return library.easy_strerror(code);
  }
}

tl::unexpected<Error> error_of(CURLcode code, const Call& call, const Curl& library, CURL* curl) {
  const auto origin = origin_of(call.url);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: {
      // Either of two limits may have passed: ours for the whole, or that for connecting.
      double taken = 0;
      library.easy_getinfo(curl, CURLINFO_TOTAL_TIME, &taken);
      const auto limit = Duration(static_cast<std::int64_t>(taken * 1000));
      return fail(ErrorKind::timed_out, fmt::format("{} did not answer within {}", origin, human_duration(limit)));
    }
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return fail(ErrorKind::invalid, fmt::format("'{}' is not an address such as http://127.0.0.1:7420", origin));
    default:
      return fail(ErrorKind::unavailable, fmt::format("cannot reach {}: {}", origin, reason_of(code, library, curl)));
  }
}

}  // namespace

struct Client::State {
  CURL* curl = nullptr;
};

Client::Client() : state_(std::make_unique<State>()) {}

Client::~Client() {
  if (state_->curl) Curl::load()->easy_cleanup(state_->curl);
}

Result<Response> Client::send(const Call& call) {
  if (!Curl::load()) return fail(Curl::load().error());
  const Curl& library = *Curl::load();
  if (!state_->curl) state_->curl = library.easy_init();
  CURL* const curl = state_->curl;
  if (!curl) return fail(ErrorKind::internal, "the HTTP client cannot be made");
  library.easy_reset(curl);
  Transfer transfer{call, library, curl, {}};

  List fields(nullptr, FreeList{&library});
  const auto add_field = [&](const std::string& line) {
    fields.reset(library.slist_append(fields.release(), line.c_str()));
  };
  for (const auto& [name, value] : call.headers.all) {
    if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return fail(ErrorKind::invalid, fmt::format("the header field {} holds a line break", name));
    add_field(value.empty() ? name + ";" : name + ": " + value);
  }
  // A round trip for nothing on bodies as small as ours.
  if (!call.headers.get("Expect")) add_field("Expect:");
  if (!call.body.empty() && !call.headers.get("Content-Type")) add_field("Content-Type: application/json");

  library.easy_setopt(curl, CURLOPT_URL, call.url.c_str());
  library.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  library.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  library.easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  library.easy_setopt(curl, CURLOPT_NOPROXY, "localhost,.localhost,127.0.0.1,::1");
  library.easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  library.easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  library.easy_setopt(curl, CURLOPT_USERAGENT, "sluice");
  library.easy_setopt(curl, CURLOPT_HTTPHEADER, fields.get());
  library.easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  library.easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  library.easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  library.easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  library.easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
  library.easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.count()));
  library.easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  if (call.method == "HEAD") library.easy_setopt(curl, CURLOPT_NOBODY, 1L);
  const bool carries_body =
      !call.body.empty() || call.method == "POST" || call.method == "PUT" || call.method == "PATCH";
  if (carries_body) {
    library.easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    library.easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.c_str());
  }

  const CURLcode code = library.easy_perform(curl);
  long status = 0;
  library.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && transfer.stopped_by_caller))
    return error_of(code, call, library, curl);
  transfer.response.status = static_cast<int>(status);
  return std::move(transfer.response);
}

}  // namespace sluice::http
