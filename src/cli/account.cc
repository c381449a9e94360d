#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>

#include "base/ids.h"
#include "cli/context.h"
#include "cli/json.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

constexpr const char* kTokenPrefix = "slc_";

// The token's name at the server: tells a person which machine to revoke.
std::string name_of_this_machine(const Environment& env) {
  char host[256] = "machine";
  gethostname(host, sizeof(host) - 1);
  SystemRandom random;
  return fmt::format("{}@{}-{}", env("USER").value_or("cli"), host, random_id(random, 4));
}

Error with_reach(Error error) {
  if (error.kind == ErrorKind::timed_out) error.kind = ErrorKind::unavailable;
  return error;
}

// The one-time sign-in code opens a session; the session makes a token, and is closed again.
Result<std::string> token_for_code(const Environment& env, const std::string& url, const std::string& code) {
  http::Client client;
  const auto send = [&](const std::string& method, const std::string& path, const std::string& cookie,
                        const json::value& body) {
    http::Call call;
    call.method = method;
    call.url = url + "/api/v1" + path;
    call.headers.set("X-Sluice", "1");
    call.headers.set("Origin", origin_of(url));
    call.headers.set("Content-Type", "application/json");
    if (!cookie.empty()) call.headers.set("Cookie", cookie);
    if (!body.is_null()) call.body = json::serialize(body);
    return client.send(call);
  };
  auto session = send("POST", "/session", "", json::object{{"code", code}});
  if (!session) return fail(with_reach(session.error()));
  if (session->status == 401)
    return fail(ErrorKind::unauthenticated,
                "this is neither a token nor a sign-in code that still works; make a token on the server's machine: "
                "sluice token create me --role admin --data DIR");
  if (session->status / 100 != 2) return fail(problem_of(*session));
  const std::string set = session->headers.get("Set-Cookie").value_or("");
  const std::string cookie = set.substr(0, set.find(';'));
  auto made = send("POST", "/tokens", cookie, json::object{{"name", name_of_this_machine(env)}, {"role", "admin"}});
  if (!made) return fail(with_reach(made.error()));
  if (made->status / 100 != 2) return fail(problem_of(*made));
  // Left open it would end by itself; closing it is only tidy.
  [[maybe_unused]] const auto closed = send("DELETE", "/session", cookie, nullptr);
  json::error_code bad;
  const auto answer = json::parse(made->body, bad);
  const auto token = bad ? "" : text_at(answer, "token");
  if (token.empty())
    return fail(ErrorKind::failed, "the server gave no token for the sign-in code; is the address right?");
  return token;
}

Result<std::string> typed_credential(const Args& args) {
  const bool typed_in = !args.token || *args.token == "-";
  if (args.token && !args.token->starts_with('@') && !typed_in)
    fmt::print(stderr,
               "sluice: this token was in the process list and may be in the shell's history; leave --token out to be "
               "asked for it, or give it as @FILE\n");
  if (args.token && !(typed_in && can_ask())) return secret_value(*args.token, "--token");
  if (can_ask()) return ask("Token, or the sign-in code that `sluice serve` printed: ", true);
  std::string line;
  std::getline(std::cin, line);
  return line;
}

}  // namespace

Result<Exit> login(Context& context) {
  auto url = server_url(context.args.name);
  if (!url) return fail(url.error());
  auto typed = typed_credential(context.args);
  if (!typed) return fail(typed.error());
  std::string token = *typed;
  while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())) != 0) token.pop_back();
  if (token.empty())
    return fail(ErrorKind::invalid, "no token came; give one with --token @FILE, or - for standard input");
  if (!token.starts_with(kTokenPrefix)) {
    auto made = token_for_code(context.env, *url, token);
    if (!made) return fail(made.error());
    token = *made;
  }
  Server server({*url, token});
  auto me = server.get("/me");
  if (!me) {
    if (me.error().kind == ErrorKind::unauthenticated)
      return fail(ErrorKind::unauthenticated, fmt::format("{} does not accept this token; nothing was kept", *url));
    return fail(me.error());
  }
  auto kept = keep_login(context.env, {*url, token});
  if (!kept) return fail(kept.error());
  say(fmt::format("Signed in to {} as {} ({}).\n", *url, one_line(text_at(*me, "name")), text_at(*me, "role")));
  return Exit::done;
}

Result<Exit> logout(Context& context) {
  auto was = forget_login(context.env);
  if (!was) return fail(was.error());
  say(*was ? "Forgotten here; the token itself still works until it is revoked: sluice token revoke NAME\n"
           : "Nobody was signed in.\n");
  return Exit::done;
}

Result<Exit> whoami(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto me = server->get("/me");
  if (!me) return fail(me.error());
  if (!said_json(context, *me))
    say(fmt::format("{} ({}) at {}\n", one_line(text_at(*me, "name")), text_at(*me, "role"), server->login().url));
  return Exit::done;
}

Result<Exit> token_create(Context& context) {
  const Args& args = context.args;
  std::optional<Duration> expires;
  if (args.expires) {
    expires = parse_duration(*args.expires);
    if (!expires || expires->count() == 0)
      return fail(ErrorKind::invalid,
                  fmt::format("--expires: \"{}\" is not a time such as 90d or 12h", one_line(*args.expires)));
  }
  json::value answer;
  if (args.data) {
    auto made = context.hooks.create_token({*args.data, args.name, args.role.value_or("developer"), expires});
    if (!made) return fail(made.error());
    answer = std::move(*made);
  } else {
    json::object body{{"name", args.name}};
    body["role"] = args.role.value_or("developer");
    if (args.expires) body["expires_in"] = *args.expires;
    auto server = connect(context);
    if (!server) return fail(server.error());
    auto made = server->send("POST", "/tokens", body);
    if (!made) return fail(made.error());
    answer = std::move(*made);
  }
  if (said_json(context, answer)) return Exit::done;
  // The token alone on standard output, so that it can be piped into `sluice login URL --token -`.
  say(text_at(answer, "token") + "\n");
  const auto until = text_at(answer, "expires_at");
  fmt::print(stderr, "Token {} ({}) {}. It is shown this once: keep it now.\n", one_line(args.name),
             text_at(answer, "role"), until.empty() ? "never expires" : "is void from " + until);
  return Exit::done;
}

Result<Exit> token_list(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->list("/tokens", {}, 1000);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  Table table;
  table.head = {{"NAME"}, {"ROLE"}, {"ID"}, {"MADE"}, {"EXPIRES"}, {"LAST USED"}};
  const Time now = SystemClock().now();
  const auto ago = [&](const json::value& item, const char* member) {
    const auto then = time_at(item, member);
    return then ? age(*then, now) : std::string("-");
  };
  for (const auto& item : list_at(*answer, "items")) {
    const auto until = time_at(item, "expires_at");
    table.rows.push_back({{one_line(text_at(item, "name")), Colour::bold},
                          {text_at(item, "role")},
                          {text_at(item, "id"), Colour::dim},
                          {ago(item, "created_at")},
                          {until ? (*until > now ? "in " + age(now, *until) : "expired") : "never"},
                          {ago(item, "last_used_at")}});
  }
  say(render(table, context.screen.columns, context.screen.colour));
  return Exit::done;
}

Result<Exit> token_revoke(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  std::string id = context.args.name;
  if (!id.starts_with("tok_")) {
    auto tokens = server->list("/tokens", {}, 1000);
    if (!tokens) return fail(tokens.error());
    id.clear();
    for (const auto& item : list_at(*tokens, "items"))
      if (text_at(item, "name") == context.args.name) id = text_at(item, "id");
    if (id.empty())
      return fail(ErrorKind::not_found,
                  fmt::format("there is no token \"{}\"; see sluice token list", one_line(context.args.name)));
  }
  auto answer = server->send("DELETE", path_of({"tokens", id}));
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer)) say(fmt::format("Token {} is void now.\n", one_line(context.args.name)));
  return Exit::done;
}

// git's credential helper protocol (gitcredentials(7)): NAME=VALUE lines in, the answer likewise. What is not ours to
// answer gets no answer, and git asks elsewhere.
Result<Exit> git_credential(Context& context) {
  if (context.args.first != "get") return Exit::done;
  std::string protocol, host;
  for (std::string line; std::getline(std::cin, line) && !line.empty();) {
    if (line.starts_with("protocol=")) protocol = line.substr(9);
    if (line.starts_with("host=")) host = line.substr(5);
  }
  auto login = find_login(context.env);
  if (!login || origin_of(login->url) != protocol + "://" + host) return Exit::done;
  say(fmt::format("username=sluice\npassword={}\n", login->token));
  return Exit::done;
}

}  // namespace sluice::cli
