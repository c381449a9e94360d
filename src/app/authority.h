#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "acme/client.h"
#include "acme/keeper.h"
#include "api/api.h"
#include "cli/cli.h"
#include "conductor/conductor.h"
#include "platform/local/regions.h"

// The certificates of stages' own domains: given by people, or got from an authority.
namespace sluice::app {

// What speaks with the authority that `serve` was told of; none where it was told of none. The error says what is
// wrong with the options, or that a program is missing.
Result<std::optional<acme::Client>> find_authority(const cli::ServeOptions& options);

// Everything but the client outlives it.
std::unique_ptr<acme::Keeper> keep_certificates(acme::Client client, const std::filesystem::path& data,
                                                platform::Regions& platform, conductor::Conductor& conductor,
                                                const Clock& clock);

// Of every domain that has a certificate or wants one. `keeper` may be absent, as below.
std::map<std::string, acme::Standing> standings(const platform::Regions& platform, const acme::Keeper* keeper);
api::Certificates certificates_of(platform::Regions& platform, acme::Keeper* keeper);

}  // namespace sluice::app
