#include <fmt/format.h>

#include <algorithm>

#include "api/fields.h"
#include "api/service.h"

// The certificates of a stage's own domains: effective without a deployment.
namespace sluice::api {
namespace {

json::object certificate_view(const std::string& domain, const acme::Standing& standing) {
  json::object out{{"domain", domain}};
  if (standing.until) out["ends_at"] = to_rfc3339(*standing.until);
  if (standing.obtaining) out["obtaining"] = true;
  if (!standing.error.empty()) out["error"] = standing.error;
  if (standing.next_try) out["next_try_at"] = to_rfc3339(*standing.next_try);
  return out;
}

acme::Standing standing_of(const Certificates& certificates, const std::string& domain) {
  const auto all = certificates.all ? certificates.all() : std::map<std::string, acme::Standing>{};
  const auto found = all.find(domain);
  return found == all.end() ? acme::Standing{} : found->second;
}

// The stage, which has this domain.
Result<const pipeline::Stage*> owner_of(const pipeline::Stack& stack, const Call& call, const std::string& domain) {
  auto stage = stage_of(stack, call.param("stage"));
  if (!stage) return stage;
  const auto domains = (*stage)->config.domains.value_or(std::vector<std::string>{});
  if (std::find(domains.begin(), domains.end(), domain) != domains.end()) return stage;
  return fail(ErrorKind::not_found,
              fmt::format("{0} is no domain of {1}; \"sluice stage set {2} {1} --domain {0}\" says all that are",
                          domain, (*stage)->name, stack.name));
}

// In the history, once it has happened.
Result<> note(Service& service, const Call& call, pipeline::CertificateFate fate) {
  auto outcome = service.deps.conductor.submit(
      call.param("stack"), {call.actor(), pipeline::NoteCertificate{call.param("stage"), call.param("domain"), fate}});
  return outcome ? Result<>{} : fail(outcome.error());
}

// R8.7
Result<> may(const pipeline::Stack& stack, const Call& call) {
  return pipeline::may(stack, {call.actor(), pipeline::NoteCertificate{call.param("stage"), call.param("domain")}});
}

}  // namespace

Answer list_certificates(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = stage_of(**stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  const auto& certificates = service.deps.certificates;
  const auto all = certificates.all ? certificates.all() : std::map<std::string, acme::Standing>{};
  json::array items;
  for (const auto& domain : (*stage)->config.domains.value_or(std::vector<std::string>{})) {
    const auto found = all.find(domain);
    items.push_back(certificate_view(domain, found == all.end() ? acme::Standing{} : found->second));
  }
  return answer_page(std::move(items), "");
}

Answer set_certificate(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  const auto certificate = fields.need_text("certificate", 100'000);
  const auto key = fields.need_text("key", 100'000);
  if (auto end = fields.end(); !end) return fail(end.error());
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  const auto& domain = call.param("domain");
  if (auto owner = owner_of(**stack, call, domain); !owner) return fail(owner.error());
  if (auto allowed = may(**stack, call); !allowed) return fail(allowed.error());
  if (!service.deps.certificates.set) return fail(ErrorKind::conflict, "this platform takes no certificates");
  auto ends = service.deps.certificates.set(domain, certificate + "\n" + key);
  if (!ends) return fail(ends.error());
  if (auto noted = note(service, call, pipeline::CertificateFate::given); !noted) return fail(noted.error());
  return answer(200, certificate_view(domain, standing_of(service.deps.certificates, domain)));
}

Answer renew_certificate(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  const auto& domain = call.param("domain");
  if (auto owner = owner_of(**stack, call, domain); !owner) return fail(owner.error());
  if (auto allowed = may(**stack, call); !allowed) return fail(allowed.error());
  if (!service.deps.certificates.renew) {
    return fail(ErrorKind::conflict,
                "the server asks no certificate authority: start it with --acme, or give the certificate yourself");
  }
  service.deps.certificates.renew(domain);
  return answer(202, certificate_view(domain, standing_of(service.deps.certificates, domain)));
}

Answer remove_certificate(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  const auto& domain = call.param("domain");
  if (auto owner = owner_of(**stack, call, domain); !owner) return fail(owner.error());
  if (auto allowed = may(**stack, call); !allowed) return fail(allowed.error());
  if (service.deps.certificates.remove) {
    if (auto removed = service.deps.certificates.remove(domain); !removed) return fail(removed.error());
    if (auto noted = note(service, call, pipeline::CertificateFate::removed); !noted) return fail(noted.error());
  }
  return no_content();
}

}  // namespace sluice::api
