#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "api/fields.h"
#include "api/service.h"
#include "base/codec.h"

// Signing in and out, and the tokens that programs use (R8.7).
namespace sluice::api {
namespace {

json::object me_view(const Service& service, const identity::Caller& caller) {
  json::object out;
  out["name"] = caller.actor.name;
  out["kind"] = caller.credential.starts_with("ses_") ? "session" : "token";
  out["role"] = codec::enum_name(caller.actor.role);
  out["version"] = service.deps.version;
  return out;
}

json::object token_view(const identity::Token& token) {
  json::object out;
  out["id"] = token.id;
  out["name"] = token.name;
  out["role"] = codec::enum_name(token.role);
  out["created_at"] = to_rfc3339(token.created_at);
  if (token.expires_at) out["expires_at"] = to_rfc3339(*token.expires_at);
  if (token.last_used_at) out["last_used_at"] = to_rfc3339(*token.last_used_at);
  return out;
}

std::string cookie_line(const Service& service, const std::string& value, bool gone) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}{}", service.guard.cookie_name(), value,
                     service.guard.tls() ? "; Secure" : "", gone ? "; Max-Age=0" : "");
}

}  // namespace

Answer sign_in(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  auto code = fields.text("code", 512);
  auto token = fields.text("token", 512);
  if (code.has_value() == token.has_value())
    fields.wrong("token", "give either a token or the one-time code of the first start");
  if (auto end = fields.end(); !end) return fail(end.error());
  auto session = service.deps.identity.sign_in(token ? *token : *code);
  if (!session) return fail(session.error());
  auto out = answer(201, me_view(service, session->second));
  out.headers.set("Set-Cookie", cookie_line(service, session->first, false));
  return out;
}

Answer sign_out(Service& service, const Call& call) {
  auto session = service.guard.cookie(call.request);
  if (session.empty())
    return fail(ErrorKind::conflict, "a token is no session: revoke it with DELETE /api/v1/tokens/{token}");
  service.deps.identity.sign_out(session);
  auto out = no_content();
  out.headers.set("Set-Cookie", cookie_line(service, "", true));
  return out;
}

Answer show_me(Service& service, const Call& call) { return answer(200, me_view(service, call.caller)); }

Answer list_tokens(Service& service, const Call& call) {
  auto limit = query_limit(call.request);
  if (!limit) return fail(limit.error());
  auto tokens = service.deps.identity.tokens();
  std::sort(tokens.begin(), tokens.end(),
            [](const auto& a, const auto& b) { return std::tie(b.created_at, b.id) < std::tie(a.created_at, a.id); });
  auto after = query_after(call.request);
  auto from = tokens.begin();
  if (!after.empty()) {
    from = std::find_if(tokens.begin(), tokens.end(), [&](const auto& token) { return token.id == after; });
    if (from == tokens.end()) return fail(field_errors({{"after", "is no cursor of this list; begin anew"}}));
    ++from;
  }
  json::array items;
  std::string last;
  for (; from != tokens.end() && items.size() < *limit; ++from) {
    items.push_back(token_view(*from));
    last = from->id;
  }
  return answer_page(std::move(items), from == tokens.end() ? "" : last);
}

Answer create_token(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  auto name = fields.need_text("name", 64);
  auto role = fields.word("role", {"viewer", "developer", "admin"}).value_or("developer");
  std::optional<Duration> expires_in;
  if (auto text = fields.text("expires_in", 32)) {
    expires_in = parse_duration(*text);
    if (!expires_in || expires_in->count() == 0)
      fields.wrong("expires_in", "must be a duration like \"90d\" or \"12h\", not " + in_quotes(*text));
  }
  if (auto end = fields.end(); !end) return fail(end.error());
  auto made = service.deps.identity.create_token(name, *codec::enum_from<pipeline::Role>(role), expires_in);
  if (!made) return fail(made.error());
  auto view = token_view(made->token);
  view["token"] = made->secret;
  auto out = answer(201, view);
  out.headers.set("Location", "/api/v1/tokens/" + made->token.id);
  return out;
}

Answer revoke_token(Service& service, const Call& call) {
  if (auto revoked = service.deps.identity.revoke(call.param("token")); !revoked) return fail(revoked.error());
  return no_content();
}

}  // namespace sluice::api
