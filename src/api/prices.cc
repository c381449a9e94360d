#include "api/prices.h"

#include "api/fields.h"
#include "api/service.h"
#include "base/codec.h"
#include "base/utf8.h"

// The server's prices: hours in an answer become money.
namespace sluice::api {
namespace {

constexpr const char* kKind = "prices";
constexpr const char* kId = "server";
constexpr std::size_t kLongestCurrency = 8;
constexpr double kMost = 1e6;

bool is_currency(const std::string& text) {
  return !text.empty() && is_utf8(text) && text.find_first_of("\x7f\t\n\r ") == std::string::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

}  // namespace

std::optional<Prices> read_prices(store::Store& store) {
  const auto text = store.get(kKind, kId);
  if (!text) return std::nullopt;
  boost::system::error_code bad;
  const auto prices = codec::read<Prices>(json::parse(*text, bad));
  return prices ? std::optional(*prices) : std::nullopt;
}

Answer show_prices(Service& service, const Call&) {
  const auto prices = read_prices(service.deps.store);
  return answer(200, prices ? codec::write(*prices) : json::value(json::object{}));
}

Answer set_prices(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  if (body->empty()) {
    if (auto removed = service.deps.store.remove(kKind, kId); !removed) return fail(removed.error());
    return answer(200, json::object{});
  }
  Fields fields(*body);
  Prices prices;
  prices.currency = fields.need_text("currency", kLongestCurrency);
  prices.instance_hour = fields.amount("instance_hour", kMost).value_or(0);
  prices.gb_hour = fields.amount("gb_hour", kMost).value_or(0);
  if (auto end = fields.end(); !end) return fail(end.error());
  if (!is_currency(prices.currency)) return fail_field("currency", "must be a short word or sign, such as EUR or $");
  if (prices.instance_hour == 0 && prices.gb_hour == 0)
    return fail_field("instance_hour",
                      "give a price an instance hour, a GB hour, or both; an empty object removes them");
  const auto document = codec::write(prices);
  if (auto put = service.deps.store.put(kKind, kId, json::serialize(document)); !put) return fail(put.error());
  return answer(200, document);
}

}  // namespace sluice::api
