#include "dashboard/dashboard.h"

#include <algorithm>

#include "http/problem.h"

namespace sluice::dashboard {
namespace {

constexpr std::string_view kAssets = "/assets/";

// Mantine writes its theme and its responsive sizes into style elements; scripts are files of ours and nothing else.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

constexpr const char* kNotBuilt =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Sluice</title>\n"
    "<h1>This server was built without its dashboard</h1>\n"
    "<p>Everything else works: use the <code>sluice</code> command and the API. To have the dashboard, run "
    "<code>script/build</code> on a machine with Node 18 or newer and npm, and start the server anew.</p>\n</html>\n";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the next element off a list.
std::string_view next(std::string_view& list, char separator) {
  auto end = list.find(separator);
  auto one = trimmed(list.substr(0, end));
  list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
  return one;
}

bool same_word(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

// "q=0", "q=0.000": this one not.
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    auto one = next(parameters, ';');
    if (one.size() < 3 || (one[0] != 'q' && one[0] != 'Q') || one[1] != '=') continue;
    return one.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

void protect(http::Response& response) {
  response.headers.set("Content-Security-Policy", kPolicy);
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("X-Frame-Options", "DENY");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.set("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
}

http::Response not_there(std::string_view path) {
  auto out = http::problem(404, "not_found",
                           "there is no file " + std::string(path.substr(0, 200)) +
                               ": the server was replaced by another version; load the page again");
  protect(out);
  return out;
}

http::Response not_built() {
  http::Response out;
  out.status = 404;
  out.headers.set("Content-Type", "text/html; charset=utf-8");
  out.headers.set("Cache-Control", "no-store");
  out.body = kNotBuilt;
  protect(out);
  return out;
}

}  // namespace

bool takes_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    auto one = next(accept_encoding, ',');
    auto coding = next(one, ';');
    if (same_word(coding, "gzip") || same_word(coding, "x-gzip")) return !is_refused(one);
    if (coding == "*") any = !is_refused(one);
  }
  return any;
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    auto one = next(if_none_match, ',');
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag) return true;
  }
  return false;
}

const File* Dashboard::find(std::string_view path) const {
  auto found = std::ranges::find(files_, path, &File::path);
  return found == files_.end() ? nullptr : &*found;
}

http::Response Dashboard::answer(const http::Request& request) const {
  const bool asset = request.path.starts_with(kAssets);
  const auto* file = find(request.path);
  if (file == nullptr && asset) return not_there(request.path);
  if (file == nullptr) file = find("/index.html");
  if (file == nullptr) return not_built();

  const bool gzip = !file->gzip.empty() && takes_gzip(request.headers.get("Accept-Encoding").value_or(""));
  const auto tag = "\"" + std::string(file->digest) + (gzip ? "-gzip\"" : "\"");
  http::Response out;
  // An asset carries its digest in its name: under it there is never anything else.
  out.headers.set("Cache-Control", asset ? "public, max-age=31536000, immutable" : "no-cache");
  out.headers.set("ETag", tag);
  if (!file->gzip.empty()) out.headers.set("Vary", "Accept-Encoding");
  protect(out);
  if (names_tag(request.headers.get("If-None-Match").value_or(""), tag)) {
    out.status = 304;
    return out;
  }
  out.headers.set("Content-Type", std::string(file->type));
  if (gzip) out.headers.set("Content-Encoding", "gzip");
  out.body = gzip ? file->gzip : file->plain;
  return out;
}

}  // namespace sluice::dashboard
