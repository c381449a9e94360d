#include "platform/local/regions.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <system_error>

#include "base/codec.h"
#include "base/files.h"
#include "platform/local/records.h"
#include "platform/local/site.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::platform {
namespace {

constexpr const char* kNote = "region.json";
constexpr Duration kPause = 5s;     // between two tries of one that is down
constexpr Duration kPatience = 5s;  // with the first try of each, when the server starts

struct Note {
  std::string address;
  std::int64_t port = 0;
  std::optional<std::int64_t> tls_port;
};
BOOST_DESCRIBE_STRUCT(Note, (), (address, port, tls_port))

bool has_note(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / kNote, error) || error;  // what cannot be looked at is not known to be gone
}

Result<Region> read_note(const fs::path& folder) {
  auto text = read_file(folder / kNote, 64u << 10);
  if (!text) return fail(text.error());
  boost::json::error_code bad;
  auto note = codec::read<Note>(boost::json::parse(*text, bad));
  if (bad || !note) return fail(ErrorKind::failed, "its file " + (folder / kNote).string() + " is damaged");
  Region out{folder.filename().string(), note->address, static_cast<std::uint16_t>(note->port), {}};
  if (note->tls_port) out.tls_port = static_cast<std::uint16_t>(*note->tls_port);
  return out;
}

Result<> write_note(const fs::path& folder, const Region& region) {
  Note note{region.address, region.port, {}};
  if (region.tls_port) note.tls_port = *region.tls_port;
  return write_file(folder / kNote, boost::json::serialize(codec::write(note)) + "\n", 0600);
}

Region with_ports_of(Region region, const LocalPlatform& platform) {
  region.port = platform.gateway_port();
  if (region.tls_port) region.tls_port = platform.gateway_tls_port();
  return region;
}

Error out_of_reach(const std::string& region, const std::string& why) {
  return {ErrorKind::unavailable, fmt::format("the region {} is out of reach: {}", region, why), {}};
}

Error unknown(const std::string& region) {
  return {ErrorKind::unavailable,
          fmt::format("the region {0} is not there; its folder regions/{0} of the data directory is missing", region),
          {}};
}

// Every folder in which a region was begun.
Result<std::vector<fs::path>> begun(const fs::path& data) {
  std::vector<fs::path> out;
  std::error_code error;
  if (!fs::exists(data / "regions", error) && !error) return out;
  for (fs::directory_iterator it(data / "regions", error), end; !error && it != end; it.increment(error))
    out.push_back(it->path());
  if (error) return fail(ErrorKind::failed, "cannot read " + (data / "regions").string() + ": " + error.message());
  return out;
}

// A platform that does not run yet is told of no port that its instances have.
void take_ports(const fs::path& folder, local::TakenPorts& to) {
  const local::Records records(folder / "stages");
  for (const auto& stage : records.stages())
    for (const auto& record : records.all(stage))
      for (const auto& instance : record.instances) to.add(instance.port);
}

Result<> end_and_remove(const fs::path& folder) {
  if (auto down = LocalPlatform::down(folder); !down) return down;
  return remove_tree(folder);
}

}  // namespace

Regions::Regions(LocalPlatform::Options home_options, Shared shared)
    : home_options_(std::move(home_options)), shared_(shared) {
  home_options_.ports = std::make_shared<local::TakenPorts>();
  home_options_.backups = home_options_.data / "databases" / "backups";
  home_options_.dump_elsewhere = [this](const pipeline::StageId& stage, const fs::path& file, std::stop_token stop) {
    return dump(stage, file, std::move(stop));
  };
}

Result<std::unique_ptr<Regions>> Regions::start(LocalPlatform::Options home, Shared shared) {
  std::unique_ptr<Regions> out(new Regions(std::move(home), shared));
  auto started = LocalPlatform::start(out->home_options_, shared.logs, shared.builder, shared.sandbox, shared.clock);
  if (!started) return fail(started.error());
  out->home_ = std::move(*started);
  return out;
}

Regions::~Regions() {
  std::map<std::string, Place> places;
  {
    const std::lock_guard lock(mutex_);
    places.swap(places_);
  }
  for (auto& [name, place] : places) place.keeper.request_stop();
}

Result<> Regions::reconcile(std::function<Result<Stacks>()> stacks) {
  stacks_ = std::move(stacks);
  auto there = stacks_();
  const auto folders = begun(home_options_.data);
  for (const auto& folder : folders.value_or(std::vector<fs::path>{})) take_ports(folder, *home_options_.ports);
  auto done = there ? home_->reconcile(*there) : fail(there.error());
  if (done && !folders) done = fail(folders.error());
  for (const auto& folder : folders.value_or(std::vector<fs::path>{})) {
    if (!has_note(folder)) {
      (void)end_and_remove(folder);  // an addition or a removal was cut short
      continue;
    }
    auto region = read_note(folder);
    const std::string name = folder.filename().string();
    const std::lock_guard lock(mutex_);
    auto& place = places_[name];
    place.region.name = name;
    place.folder = folder;
    if (!region) {
      place.problem = region.error().message;
      continue;
    }
    place.region = std::move(*region);
    // Its own also while it is down.
    for (const auto port : {place.region.port, place.region.tls_port.value_or(0)}) shared_.sandbox.reserve(port);
    place.keeper = std::jthread([this, name](const std::stop_token& stop) { keep_trying(name, stop); });
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [this] {
    return std::all_of(places_.begin(), places_.end(),
                       [](const auto& one) { return one.second.platform || !one.second.problem.empty(); });
  });
  return done;
}

void Regions::keep_trying(const std::string& name, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Region region;
    fs::path folder;
    {
      const std::lock_guard lock(mutex_);
      auto place = places_.find(name);
      if (place == places_.end()) return;
      region = place->second.region;
      folder = place->second.folder;
    }
    auto started = start(region, folder);
    std::unique_lock lock(mutex_);
    auto place = places_.find(name);
    if (place == places_.end() || stop.stop_requested()) return;
    if (started) {
      place->second.region = with_ports_of(region, *started->platform);
      place->second.platform = started->platform;
      place->second.problem = started->warning;
      changed_.notify_all();
      lock.unlock();
      bring_up_to_date(name, *started->platform);
      return;
    }
    place->second.problem = started.error().message;
    changed_.notify_all();
    changed_.wait_for(lock, stop, kPause, [] { return false; });
  }
}

Result<Regions::Started> Regions::start(const Region& region, const fs::path& folder) {
  auto options = home_options_;
  options.data = folder;
  options.region = region.name;
  options.gateway_address = region.address;
  options.gateway_port = region.port;
  options.gateway_tls_port = region.tls_port;
  auto started =
      LocalPlatform::start(std::move(options), shared_.logs, shared_.builder, shared_.sandbox, shared_.clock);
  if (!started) return fail(started.error());
  Up platform = std::move(*started);
  auto there = stacks_();
  if (!there) return fail(there.error());
  // A stage that does not come back is deployed anew or deleted there: for that the region must be there.
  auto back = platform->reconcile(*there);
  auto heard = platform->on_wanted([this](const pipeline::StageId& stage) { ring(stage); });
  if (!heard) return fail(heard.error());
  return Started{std::move(platform), back ? "" : "not all of its stages came back: " + back.error().message};
}

// What changed after its stages were read and before anybody could reach it.
void Regions::bring_up_to_date(const std::string& region, LocalPlatform& platform) const {
  const auto there = stacks_();
  if (!there) return;
  for (const auto& stack : *there) {
    for (const auto& stage : stack->stages) {
      if (stage.config.region != region) continue;
      (void)platform.set_keys(stage.id, stage.keys);
      (void)platform.set_domains(stage.id, stage.config.domains.value_or(std::vector<std::string>{}));
    }
  }
}

Result<RegionState> Regions::add(const Region& region) {
  const std::lock_guard one(adding_);
  if (!is_dns_label(region.name))
    return fail_field("name", "must be 1 to 32 characters of a-z, 0-9 and \"-\", with no \"-\" at either end");
  {
    const std::lock_guard lock(mutex_);
    if (region.name == kHomeRegion || places_.contains(region.name))
      return fail(ErrorKind::conflict, "there is a region " + region.name + " already");
  }
  const auto folder = home_options_.data / "regions" / region.name;
  if (has_note(folder))
    return fail(ErrorKind::conflict, fmt::format("there is a region {} that this server did not find when it started; "
                                                 "start the server again",
                                                 region.name));
  if (auto gone = end_and_remove(folder); !gone) return fail(gone.error());
  if (auto made = make_dirs(folder, 0700); !made) return fail(made.error());
  auto started = start(region, folder);
  const auto whole = started ? with_ports_of(region, *started->platform) : region;
  auto noted = started ? write_note(folder, whole) : Result<>(fail(started.error()));
  if (!noted) {
    if (started) started->platform.reset();
    (void)end_and_remove(folder);
    return fail(noted.error());
  }
  const std::lock_guard lock(mutex_);
  auto& place = places_[region.name];
  place.region = whole;
  place.folder = folder;
  place.platform = started->platform;
  return RegionState{whole, {}, {}};
}

Result<> Regions::remove(const std::string& name) {
  if (name == kHomeRegion) return fail_field("region", "local is this server itself and cannot be removed");
  const std::lock_guard one(adding_);
  Place place;
  {
    const std::lock_guard lock(mutex_);
    auto found = places_.find(name);
    if (found == places_.end()) return fail(ErrorKind::not_found, "there is no region " + name);
    place = std::move(found->second);
    places_.erase(found);
    changed_.notify_all();
  }
  place.keeper.request_stop();
  changed_.notify_all();
  if (place.keeper.joinable()) place.keeper.join();
  if (place.platform) place.platform->let_go();
  place.platform.reset();
  // From here on a server that starts ends the removal.
  std::error_code error;
  fs::remove(place.folder / kNote, error);
  if (error)
    return fail(ErrorKind::failed, "cannot remove " + (place.folder / kNote).string() + ": " + error.message());
  if (auto gone = end_and_remove(place.folder); !gone)
    return fail(gone.error().while_(fmt::format("removing what was the region {}", name)));
  return {};
}

std::vector<RegionState> Regions::all() const {
  std::vector<RegionState> out;
  Region home{kHomeRegion, home_options_.gateway_address, home_options_.gateway_port, home_options_.gateway_tls_port};
  out.push_back({with_ports_of(home, *home_), {}, {}});
  const std::lock_guard lock(mutex_);
  for (const auto& [name, place] : places_) {
    RegionState state{place.region, {}, place.platform ? place.problem : ""};
    if (!place.platform) state.problem = place.problem.empty() ? "it is being started" : place.problem;
    out.push_back(std::move(state));
  }
  return out;
}

Result<Regions::Up> Regions::of(const std::string& region) const {
  const std::lock_guard lock(mutex_);
  if (region == kHomeRegion) return home_;
  auto found = places_.find(region);
  if (found == places_.end()) return fail(unknown(region));
  const auto& place = found->second;
  if (place.platform) return place.platform;
  return fail(out_of_reach(region, place.problem.empty() ? "it is being started" : place.problem));
}

std::vector<Regions::Up> Regions::up() const {
  const std::lock_guard lock(mutex_);
  std::vector<Up> out{home_};
  for (const auto& [name, place] : places_)
    if (place.platform) out.push_back(place.platform);
  return out;
}

Result<> Regions::down(const fs::path& data) {
  auto done = LocalPlatform::down(data);
  const auto folders = begun(data);
  if (done && !folders) done = fail(folders.error());
  for (const auto& folder : folders.value_or(std::vector<fs::path>{})) {
    auto ended = LocalPlatform::down(folder);
    if (done && !ended) done = fail(ended.error().while_("in the region " + folder.filename().string()));
  }
  return done;
}

}  // namespace sluice::platform
