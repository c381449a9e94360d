#include "api/idempotency.h"

#include <spdlog/spdlog.h>

#include "api/answers.h"
#include "base/digest.h"

namespace sluice::api {
namespace {

std::string member(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

std::string stub(const std::string& body_hash) { return json::serialize(json::object{{"body", body_hash}}); }

http::Response replay(const json::object& kept) {
  if (!kept.contains("status"))
    return problem(
        409, "conflict",
        "the earlier request with this Idempotency-Key was done, and its answer was not kept: look at what is "
        "there now, and use a new key for a new request");
  auto out = answer_text(kept.at("status").to_number<int>(), member(kept, "answer"), member(kept, "type"));
  for (const char* name : {"Location", "ETag"})
    if (auto value = member(kept, name); !value.empty()) out.headers.set(name, value);
  out.headers.set("Idempotency-Replayed", "true");
  return out;
}

std::string whole(const std::string& body_hash, const http::Response& response) {
  json::object kept{{"body", body_hash}, {"status", response.status}, {"answer", response.body}};
  kept["type"] = response.headers.get("Content-Type").value_or("application/json");
  for (const char* name : {"Location", "ETag"})
    if (auto value = response.headers.get(name)) kept[name] = *value;
  return json::serialize(kept);
}

}  // namespace

http::Response Idempotency::once(const http::Request& request, const std::string& who, const std::string& key,
                                 bool holds_secret, const std::function<http::Response(conductor::Remember)>& run) {
  if (key.empty() || key.size() > 255)
    return problem(400, "invalid", "Idempotency-Key: must have 1 to 255 characters",
                   {{"Idempotency-Key", "must have 1 to 255 characters"}});
  const auto id = sha256_hex(who + "\n" + request.method + "\n" + request.target + "\n" + key);
  const auto body_hash = sha256_hex(request.body);
  {
    std::lock_guard lock(mutex_);
    if (!busy_.insert(id).second)
      return problem(409, "conflict", "the earlier request with this Idempotency-Key is still being worked on");
  }
  struct Done {
    Idempotency& self;
    const std::string& id;
    ~Done() {
      std::lock_guard lock(self.mutex_);
      self.busy_.erase(id);
    }
  } done{*this, id};

  if (auto text = store_.idempotent_answer(id)) {
    boost::system::error_code failed;
    auto kept = json::parse(*text, failed);
    if (!failed && kept.is_object()) {
      if (member(kept.as_object(), "body") != body_hash)
        return problem(422, "idempotency_key_reused",
                       "this Idempotency-Key was used with another body: take a new key for a new request");
      return replay(kept.as_object());
    }
  }
  auto response = run([&](const conductor::Outcome&) -> std::optional<store::IdempotencyRow> {
    return store::IdempotencyRow{id, stub(body_hash), clock_.now()};
  });
  if (response.status < 200 || response.status >= 300) return response;
  auto put = store_.put_answer({id, holds_secret ? stub(body_hash) : whole(body_hash, response), clock_.now()});
  if (!put) spdlog::warn("api: an answer could not be kept for its Idempotency-Key: {}", put.error().message);
  return response;
}

}  // namespace sluice::api
