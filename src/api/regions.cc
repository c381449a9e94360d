#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/edits.h"
#include "api/fields.h"
#include "api/routes.h"
#include "api/service.h"

namespace sluice::api {
namespace {

using platform::RegionState;

// Browsers and curl look for *.localhost there, whatever the system says (RFC 6761).
bool names_lead_to(const std::string& address) { return address == "127.0.0.1" || address == "0.0.0.0"; }

std::vector<RegionState> all(const Service& service) {
  if (service.deps.regions.all) return service.deps.regions.all();
  return {{platform::Region{platform::kHomeRegion}, {}, ""}};
}

// "STACK/STAGE" of every stage in it, also of those that are being deleted.
std::vector<std::string> stages_in(const Service& service, const std::string& region) {
  std::vector<std::string> out;
  for (const auto& stack : service.deps.conductor.snapshots())
    for (const auto* stages : {&stack->stages, &stack->leaving})
      for (const auto& stage : *stages)
        if (stage.config.region == region) out.push_back(stack->name + "/" + stage.name);
  return out;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kSome = 5;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kSome; ++i) out += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kSome) out += fmt::format(" and {} more", names.size() - kSome);
  return out;
}

json::object region_view(const Service& service, const RegionState& state) {
  const auto& region = state.region;
  json::object out{{"name", region.name},
                   {"platform", "local"},
                   {"gateway", fmt::format("{}:{}", region.address, region.port)},
                   {"state", state.problem ? "down" : "up"},
                   {"stages", stages_in(service, region.name).size()}};
  if (region.tls_port) out["gateway_tls"] = *region.tls_port;
  if (state.problem) out["problem"] = *state.problem;
  if (!state.warning.empty()) {
    out["notice"] = state.warning;
  } else if (!names_lead_to(region.address))
    out["notice"] = fmt::format(
        "Names under localhost lead to 127.0.0.1, not to {0}: reach its stages at domains of their own, or with `curl "
        "--connect-to ::{0}:{1} URL`.",
        region.address, region.port);
  return out;
}

void read_gateway(Fields& fields, platform::Region& region) {
  const auto text = fields.text("gateway");
  if (!text) return;
  const auto colon = text->rfind(':');
  in_addr address{};
  const auto host = text->substr(0, colon);
  const auto port = colon == std::string::npos ? "" : text->substr(colon + 1);
  const auto [end, bad] = std::from_chars(port.data(), port.data() + port.size(), region.port);
  region.address = host;
  if (port.empty() || bad != std::errc() || end != port.data() + port.size() ||
      ::inet_pton(AF_INET, host.c_str(), &address) != 1)
    fields.wrong("gateway",
                 "must be an IPv4 address of this machine and a port, such as 127.0.0.1:8081 (0: any free one)");
}

}  // namespace

void check_region(const Service& service, Fields& fields, const std::string& region) {
  std::vector<std::string> names;
  for (const auto& one : all(service)) names.push_back(one.region.name);
  if (std::find(names.begin(), names.end(), region) != names.end()) return;
  fields.wrong("region", fmt::format("there is no region called {}; there is {}", in_quotes(region), listed(names)));
}

Answer list_regions(Service& service, const Call&) {
  json::array items;
  for (const auto& one : all(service)) items.push_back(region_view(service, one));
  return answer_page(std::move(items), "");
}

Answer add_region(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  platform::Region region;
  region.name = fields.need_text("name");
  need_label(fields, "name", region.name);
  fields.word("platform", {"local"});
  read_gateway(fields, region);
  if (auto port = fields.number("gateway_tls", 0, 65'535)) region.tls_port = static_cast<std::uint16_t>(*port);
  if (region.tls_port && *region.tls_port != 0 && *region.tls_port == region.port)
    fields.wrong("gateway_tls", "must be another port than the gateway's own");
  if (auto end = fields.end(); !end) return fail(end.error());
  if (!service.deps.regions.add) return fail(ErrorKind::conflict, "this server takes no further regions");
  auto added = service.deps.regions.add(region);
  if (!added) return fail(added.error());
  auto out = answer(201, region_view(service, *added));
  out.headers.set("Location", "/api/v1/regions/" + region.name);
  return out;
}

Answer remove_region(Service& service, const Call& call) {
  const auto& name = call.param("region");
  const std::unique_lock lock(service.placing);
  if (name == platform::kHomeRegion)
    return fail(ErrorKind::conflict, "local is this server itself and cannot be removed");
  const auto there = all(service);
  if (std::none_of(there.begin(), there.end(), [&](const auto& one) { return one.region.name == name; }))
    return fail(ErrorKind::not_found, "there is no region called " + in_quotes(name));
  if (const auto stages = stages_in(service, name); !stages.empty())
    return fail(ErrorKind::conflict,
                fmt::format("{} is in use: {} {} there; delete {} first", name, listed(stages),
                            stages.size() == 1 ? "is" : "are", stages.size() == 1 ? "it" : "them"));
  if (auto removed = service.deps.regions.remove(name); !removed) return fail(removed.error());
  return no_content();
}

}  // namespace sluice::api
