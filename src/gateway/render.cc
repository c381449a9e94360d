#include "gateway/render.h"

#include <fmt/format.h>

#include <string_view>

namespace sluice::gateway {

std::string_view hold_script();  // hold.lua, embedded

namespace {

// Requests of one sleeping route: one that sleeps must not take the connections of all others.
constexpr int kMostHeld = 1000;

constexpr const char* kMain = R"(# Written by Sluice; changes made by hand are lost.
global
    description "sluice {generation}"
    stats socket unix@admin.sock mode 600 level admin expose-fd listeners
    stats timeout 60s
    log stdout len 8192 format raw local0 info
    maxconn {connections}
    nbthread {threads}
    # What still has requests after a reload: long downloads, WebSockets.
    hard-stop-after 1h
    mworker-max-reloads 50
    lua-load hold.lua

defaults
    mode http
    log global
    option dontlognull
    option idle-close-on-response
    option redispatch
    retries 3
    # A kept-alive connection that an app closes just as a request goes out is no lost request.
    retry-on conn-failure empty-response
    timeout connect 3s
    timeout client 60s
    timeout server 60s
    timeout queue 10s
    timeout http-request 10s
    timeout http-keep-alive 60s
    timeout tunnel 1h
    timeout check 2s
    http-error status 502 {bad}
    http-error status 503 {down} hdr Retry-After 2
    http-error status 504 {slow}

# Every request pays for every line of this: what only few need is in the backend below.
frontend gateway
    bind {address}:{port}{tls_bind}
    bind unix@next.sock accept-proxy mode 600
    http-request allow if {{ stopping }}
    # The request line is all that is kept of a request: no header, so no Authorization and no cookie.
    log-format "%[var(txn.route),field(1,.)] %ci %{{+Q}}r %ST bytes=%B first=%Tr total=%Ta to=%b/%s end=%ts id=%ID"
    unique-id-format %[uuid()]
    http-request set-var(txn.route) req.hdr(host),host_only,map_str(hosts.map){tls_route}
    http-request deny deny_status 405 if {{ method CONNECT TRACE }}
    # What only a proxy may say, an app must be able to believe.
    # All names are looked at together first: one by one, browsers' many headers would cost more than all else here.
    http-request del-header ^(forwarded|proxy|x-real-ip|x-request-id|x-forwarded-.*|x-sluice-.*)$ -m reg if {{ req.hdr_names -m reg forward|proxy|x-re|x-sluice }}
    option forwardfor
    http-request add-header X-Forwarded-Proto {proto}
    http-request add-header X-Request-Id %[unique-id]
    use_backend %[var(txn.route)]
    default_backend elsewhere

# The platform's own looks at what a client would be answered: clients' requests pay nothing for them.
frontend probe
    bind unix@probe.sock mode 600
    http-request deny deny_status 503 if {{ stopping }}
    http-request set-log-level silent
    http-request set-var(txn.probe) bool(true)
    http-request set-var(txn.route) req.hdr(host),host_only,map_str(hosts.map)
    http-response set-header X-Sluice-Server %b/%s
    use_backend %[var(txn.route)]
    default_backend elsewhere

# What the map leads to no set of servers for: a page; and what this process leaves to the one that listens now, which
# answers as if the request had just come there. That is all that comes on the kept connections of a worker that a
# reload replaced, which knows nothing of what was changed since; and what was held until its route was awake.
backend elsewhere
    timeout server 1h
    acl left stopping
{tls_pages}    # Two that differ are refused before any rule.
    http-request deny deny_status 400 if !left !{{ req.hdr(host) -m found }}
    http-request lua.hold if !left {{ var(txn.route) -m end .sleeping }} !{{ var(txn.probe) -m bool }}
    acl left var(txn.left) -m bool
    http-request return status 401 {key} hdr WWW-Authenticate 'Basic realm="%[var(txn.route),map_str(sets.map),b64dec]"' if {{ var(txn.refused) -m bool }}
    http-request return status 404 {unknown} if !left !{{ var(txn.route) -m found }}
    http-request return status 503 {empty} hdr Retry-After 10 if !left {{ var(txn.route) -m end .empty }}
    http-request return status 503 {sleeping} hdr Retry-After 5 if !left {{ var(txn.route) -m end .sleeping }}
    http-request return status 503 {asleep} hdr Retry-After 60 if !left {{ var(txn.route) -m end .asleep }}
    http-request return status 503 {down} hdr Retry-After 2 if !left
    http-request set-log-level silent
    http-request disable-l7-retry unless {{ method GET HEAD OPTIONS }}
    server next unix@next.sock send-proxy-v2
)";

constexpr const char* kPage = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto 0;padding:0 1.5rem}}
h1{{font-size:1.4rem;margin:0 0 .5rem}}p{{margin:0;opacity:.75}}</style></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
)";

// Where the gateway has a port for TLS. The connection between two processes of it keeps the port a request came to.
constexpr const char* kTlsBind = R"(
    bind {address}:{tls_port} ssl crt certs strict-sni ssl-min-ver TLSv1.2 alpn h2,http/1.1)";
constexpr const char* kTlsRoute = R"(
    acl tls dst_port {tls_port}
    http-request set-var(txn.route) str(-.secure) if !tls !{{ path_beg /.well-known/acme-challenge/ }} {{ req.hdr(host),host_only,map_str(secured.map) -m found }}
    http-request set-var(txn.route) str(-.challenge) if !tls {{ path_beg /.well-known/acme-challenge/ }} {{ path,field(4,/),map_str(challenges.map) -m found }})";
constexpr const char* kTlsPages =
    R"(    http-request return status 200 content-type text/plain lf-string "%[path,field(4,/),map_str(challenges.map)]" if {{ var(txn.route) -m end .challenge }}
    http-request return status 308 hdr Location "https://%[req.hdr(host),host_only]{tls_suffix}%[pathq]" hdr Cache-Control max-age=3600 if {{ var(txn.route) -m end .secure }}
)";

std::string shown(const char* how, const char* name) {
  return fmt::format("content-type \"text/html; charset=utf-8\" {} pages/{}.html hdr Cache-Control no-store", how,
                     name);
}

std::string page(const char* title, const char* text) {
  return fmt::format(kPage, fmt::arg("title", title), fmt::arg("text", text));
}

}  // namespace

std::string render_main(const Settings& settings) {
  const bool tls = settings.tls_port != 0;
  const auto suffix = settings.tls_port == 443 ? std::string() : fmt::format(":{}", settings.tls_port);
  auto where_tls = [&](const char* text) {
    return tls ? fmt::format(fmt::runtime(text), fmt::arg("address", settings.address),
                             fmt::arg("tls_port", settings.tls_port), fmt::arg("tls_suffix", suffix))
               : std::string();
  };
  return fmt::format(
      kMain, fmt::arg("generation", settings.generation), fmt::arg("connections", settings.connections),
      fmt::arg("threads", settings.threads), fmt::arg("address", settings.address), fmt::arg("port", settings.port),
      fmt::arg("tls_bind", where_tls(kTlsBind)), fmt::arg("tls_route", where_tls(kTlsRoute)),
      fmt::arg("tls_pages", where_tls(kTlsPages)),
      fmt::arg("proto", tls ? "https if tls\n    http-request add-header X-Forwarded-Proto http unless tls" : "http"),
      fmt::arg("key", shown("file", "key")), fmt::arg("unknown", shown("file", "unknown")),
      fmt::arg("empty", shown("file", "empty")), fmt::arg("sleeping", shown("lf-file", "sleeping")),
      fmt::arg("asleep", shown("lf-file", "asleep")), fmt::arg("down", shown("file", "down")),
      fmt::arg("bad", shown("file", "bad")), fmt::arg("slow", shown("file", "slow")));
}

std::string render_hold(const Settings& settings) {
  return fmt::format("local held_for, unheard_for, most = {}, {}, {}\n", settings.held_for, settings.unheard_for,
                     kMostHeld) +
         std::string(hold_script());
}

std::vector<PageFile> pages() {
  return {
      {"unknown.html", page("No stage has this address",
                            "Addresses are STAGE.STACK.localhost; sluice status shows "
                            "those there are.")},
      {"empty.html", page("Nothing is deployed here yet",
                          "This stage serves its first change as soon as one has "
                          "been deployed to it.")},
      {"asleep.html", page("This stage is asleep", "%[var(txn.route),map_str(sets.map),b64dec]")},
      {"sleeping.html", page("This stage is not awake yet", "%[var(txn.sentence)]")},
      {"down.html", page("No instance of this app answers",
                         "It may be starting again; this page is worth another "
                         "try in a moment.")},
      {"bad.html", page("The app gave no valid answer",
                        "It closed the connection or answered something that is not "
                        "HTTP.")},
      {"slow.html", page("The app did not answer in time", "It took longer than this stage allows.")},
      {"key.html", page("This stage is for those who have a key",
                        "Give a key of this stage as the password; any user name will do. A program sends it as "
                        "Authorization: Bearer KEY or as X-Api-Key: KEY.")},
      {"busy.html",
       page("Too many requests",
            "This address sends more than this stage allows; the header Retry-After says when it may send the next.")},
      {"large.html", page("The request is too large", "Its body is larger than this stage allows.")},
      {"length.html", page("The request does not say how large it is",
                           "This stage limits the size of requests: send Content-Length, and no chunks.")}};
}

}  // namespace sluice::gateway
