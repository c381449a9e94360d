#include "secrets/secrets.h"

#include <sodium.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/codec.h"
#include "base/digest.h"
#include "secrets/key.h"

namespace sluice::secrets {

BOOST_DESCRIBE_STRUCT(Variable, (), (value, secret))
BOOST_DESCRIBE_STRUCT(Settings, (), (build, runtime, config, database_url))

namespace {

using pipeline::Revision;
using pipeline::StageId;

constexpr char kFormat = 1;
constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Text with values in it; overwritten when it goes.
struct Clear {
  explicit Clear(std::string clear_text) : text(std::move(clear_text)) {}
  Clear(const Clear&) = delete;
  Clear& operator=(const Clear&) = delete;
  ~Clear() { sodium_memzero(text.data(), text.size()); }
  std::string text;
};

class SealedSecrets final : public Secrets {
 public:
  SealedSecrets(const Key& master, store::Store& store, Random& random)
      : settings_(master.derive("settings")), macs_(master.derive("mac")), store_(store), random_(random) {}

  Result<Settings> read(const StageId& stage, Revision revision) override {
    auto sealed = store_.settings(stage, revision);
    if (!sealed) return fail(sealed.error());
    auto damaged = [&] {
      return fail(ErrorKind::failed, "settings revision " + std::to_string(revision) + " of stage " + stage.value +
                                         " cannot be opened with this server's secret.key: restore both from one "
                                         "backup, or save the variables anew");
    };
    if (sealed->size() < 1 + kNonce + kTag || sealed->front() != kFormat) return damaged();
    Clear clear(std::string(sealed->size() - 1 - kNonce - kTag, '\0'));
    const std::string place = place_of(stage, revision);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes(clear.text), nullptr, nullptr, bytes(*sealed) + 1 + kNonce,
                                                   sealed->size() - 1 - kNonce, bytes(place), place.size(),
                                                   bytes(*sealed) + 1, settings_.data()) != 0) {
      return damaged();
    }
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;
    boost::system::error_code wrong;
    auto value = boost::json::parse(clear.text, wrong, {}, options);
    if (wrong) return damaged();
    // Its own error could repeat what stands there.
    auto settings = codec::read<Settings>(value);
    if (!settings) return damaged();
    return settings;
  }

  Result<store::SettingsRow> seal(const StageId& stage, Revision revision, const Settings& settings) override {
    for (const auto* variables : {&settings.build, &settings.runtime}) {
      if (auto fine = check(*variables); !fine) return fail(fine.error());
    }
    const Clear clear(boost::json::serialize(codec::write(settings)));
    store::SettingsRow row{stage, revision, std::string(1 + kNonce + clear.text.size() + kTag, kFormat)};
    // A nonce of 24 random bytes does not come twice.
    random_.fill({bytes(row.sealed) + 1, kNonce});
    const std::string place = place_of(stage, revision);
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(row.sealed) + 1 + kNonce, nullptr, bytes(clear.text),
                                               clear.text.size(), bytes(place), place.size(), nullptr,
                                               bytes(row.sealed) + 1, settings_.data());
    return row;
  }

  std::string mac(std::string_view purpose, std::string_view text) override {
    return hmac_sha256_hex(macs_.derive(purpose).view(), text);
  }

 private:
  // Bound into the seal, so that a row put in another's place does not open.
  static std::string place_of(const StageId& stage, Revision revision) {
    return "settings\n" + stage.value + "\n" + std::to_string(revision);
  }

  Key settings_, macs_;
  store::Store& store_;
  Random& random_;
};

// Which key this data directory's values were sealed with.
constexpr const char* kKind = "secrets";
constexpr const char* kFingerprint = "key";

Result<Key> key_of(const std::filesystem::path& file, store::Store& store, Random& random) {
  const auto known = store.get(kKind, kFingerprint);
  auto key = read_key(file);
  if (!key && key.error().kind == ErrorKind::not_found) {
    if (known) {
      return fail(ErrorKind::failed, file.string() +
                                         " is missing, and without it the variables in this data directory cannot be "
                                         "read: put it back from a backup");
    }
    key = make_key(file, random);
  }
  if (!key) return key;
  const std::string fingerprint = '"' + key->fingerprint() + '"';
  if (known && *known != fingerprint) {
    return fail(ErrorKind::failed, file.string() +
                                       " is not the key that the variables in this data directory were sealed with: "
                                       "put the right one back from a backup");
  }
  if (!known) {
    if (auto kept = store.put(kKind, kFingerprint, fingerprint); !kept) return fail(kept.error());
  }
  return key;
}

}  // namespace

Result<std::unique_ptr<Secrets>> Secrets::open(const std::filesystem::path& dir, store::Store& store, Random& random) {
  if (sodium_init() < 0) return fail(ErrorKind::internal, "libsodium cannot be started on this machine");
  auto master = key_of(dir / "secret.key", store, random);
  if (!master) return fail(master.error());
  return std::make_unique<SealedSecrets>(*master, store, random);
}

}  // namespace sluice::secrets
