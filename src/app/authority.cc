#include "app/authority.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace sluice::app {
namespace {

using pipeline::CertificateFate;

void note(conductor::Conductor& conductor, const std::string& domain, CertificateFate fate) {
  const pipeline::Actor server{pipeline::ActorKind::system, "sluice", pipeline::Role::admin};
  for (const auto& stack : conductor.snapshots()) {
    for (const auto& stage : stack->stages) {
      const auto domains = stage.config.domains.value_or(std::vector<std::string>{});
      if (std::find(domains.begin(), domains.end(), domain) == domains.end()) continue;
      auto noted = conductor.submit(stack->name, {server, pipeline::NoteCertificate{stage.name, domain, fate}});
      if (!noted) spdlog::warn("noting what became of the certificate of {}: {}", domain, noted.error().message);
    }
  }
}

}  // namespace

Result<std::optional<acme::Client>> find_authority(const cli::ServeOptions& options) {
  if (options.acme.empty()) return std::nullopt;
  acme::Client::Options asking{options.data / "acme", acme::kPublicAuthority, options.acme};
  if (!options.acme_directory.empty()) asking.directory = options.acme_directory;
  auto client = acme::Client::open(std::move(asking));
  if (!client) return fail(client.error());
  return std::move(*client);
}

std::unique_ptr<acme::Keeper> keep_certificates(acme::Client client, const std::filesystem::path& data,
                                                platform::Regions& platform, conductor::Conductor& conductor,
                                                const Clock& clock) {
  acme::Keeper::World world;
  // A region that is down has its certificates yet, and one without TLS needs none.
  world.domains = [&conductor, &platform] {
    std::set<std::string> out;
    for (const auto& stack : conductor.snapshots()) {
      for (const auto& stage : stack->stages) {
        if (stage.config.domains && platform.takes_certificates(stage.config.region))
          out.insert(stage.config.domains->begin(), stage.config.domains->end());
      }
    }
    return out;
  };
  world.certificates = [&platform] {
    std::map<std::string, acme::Term> out;
    for (const auto& [domain, term] : platform.certificates()) out[domain] = {term.from, term.until};
    return out;
  };
  world.obtain = [client = std::make_shared<acme::Client>(std::move(client)), &platform](const std::string& domain,
                                                                                         std::stop_token stop) {
    return client->obtain(
        domain,
        [&platform](const std::string& token, const std::string& answer) {
          return platform.set_challenge(token, answer);
        },
        stop);
  };
  world.set = [&platform](const std::string& domain, const std::string& pem) -> Result<> {
    auto set = platform.set_certificate(domain, pem);
    return set ? Result<>{} : fail(set.error());
  };
  world.remove = [&platform](const std::string& domain) {
    if (auto removed = platform.remove_certificate(domain); !removed)
      spdlog::warn("removing the certificate of {}: {}", domain, removed.error().message);
  };
  world.ended = [&conductor](const std::string& domain, const std::optional<Error>& error, bool again) {
    if (error) {
      spdlog::warn("no certificate for {}: {}", domain, error->message);
    } else {
      spdlog::info("{} has a new certificate", domain);
    }
    if (!error || !again) note(conductor, domain, error ? CertificateFate::refused : CertificateFate::obtained);
  };
  return std::make_unique<acme::Keeper>(std::move(world), data / "acme" / "tries.json", clock);
}

std::map<std::string, acme::Standing> standings(const platform::Regions& platform, const acme::Keeper* keeper) {
  if (keeper != nullptr) return keeper->standings();
  std::map<std::string, acme::Standing> out;
  for (const auto& [domain, term] : platform.certificates()) {
    out[domain].from = term.from;
    out[domain].until = term.until;
  }
  return out;
}

api::Certificates certificates_of(platform::Regions& platform, acme::Keeper* keeper) {
  api::Certificates out;
  out.set = [&platform, keeper](const std::string& domain, const std::string& pem) {
    auto set = platform.set_certificate(domain, pem);
    if (set && keeper != nullptr) keeper->forget(domain);
    return set;
  };
  out.remove = [&platform, keeper](const std::string& domain) {
    auto removed = platform.remove_certificate(domain);
    if (removed && keeper != nullptr) keeper->forget(domain);
    return removed;
  };
  out.all = [&platform, keeper] { return standings(platform, keeper); };
  if (keeper != nullptr) out.renew = [keeper](const std::string& domain) { keeper->renew(domain); };
  return out;
}

}  // namespace sluice::app
