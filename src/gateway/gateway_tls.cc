#include <algorithm>
#include <string_view>
#include <system_error>

#include "base/files.h"
#include "base/replace_file.h"
#include "gateway/certificate.h"
#include "gateway/gateway.h"

// Certificates and what stands around them.
namespace fs = std::filesystem;

namespace sluice::gateway {
namespace {

std::string file_of(const std::string& domain) { return std::string(kCertificates) + "/" + domain + ".pem"; }

Entries secured(const std::map<std::string, Term>& certificates) {
  Entries out;
  for (const auto& [domain, term] : certificates) out[domain] = "1";
  return out;
}

std::string lines(const Entries& entries) {
  std::string out;
  for (const auto& [key, value] : entries) out += key + " " + value + "\n";
  return out;
}

bool is_token(const std::string& text, std::string_view also) {
  return !text.empty() && text.size() <= 500 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

}  // namespace

// One that is over by now stays: it says more than none. One that cannot be read would keep HAProxy from starting.
Result<> Gateway::load_certificates() {
  if (auto made = make_dirs(dir_ / kCertificates, 0700); !made) return made;
  std::error_code error;
  std::vector<fs::path> bad;
  for (const auto& entry : fs::directory_iterator(dir_ / kCertificates, error)) {
    const auto domain = entry.path().stem().string();
    const auto read = read_certificate(read_file(entry.path()).value_or(""), domain, Time{});
    if (read && is_host(domain) && entry.path().extension() == ".pem") {
      certificates_[domain] = read->term;
    } else {
      bad.push_back(entry.path());
    }
  }
  for (const auto& path : bad) fs::remove(path, error);
  if (auto written = replace_file(dir_ / kSecuredMap, lines(secured(certificates_)), 0600); !written) return written;
  return replace_file(dir_ / kChallengesMap, "", 0600);
}

Result<> Gateway::tell_certificates() {
  if (settings_.tls_port == 0) return {};
  for (const auto& [domain, term] : certificates_) {
    auto pem = read_file(dir_ / file_of(domain));
    if (!pem) return fail(pem.error());
    if (auto told = runtime_.set_certificate(file_of(domain), *pem); !told) return told;
  }
  if (auto told = runtime_.follow(kChallengesMap, "", challenges_); !told) return told;
  return runtime_.follow(kSecuredMap, "", secured(certificates_));
}

Result<> Gateway::set_certificate(const std::string& domain, const std::string& pem, Time now) {
  if (!is_host(domain)) {
    return fail_field("domain", "must be a name of lower-case letters, digits, '-' and '.', without a port");
  }
  auto read = read_certificate(pem, domain, now);
  if (!read) return fail(read.error());
  std::lock_guard lock(mutex_);
  if (settings_.tls_port == 0)
    return fail(ErrorKind::conflict, "the gateway has no port for TLS: start the server with --gateway-tls");
  // It is kept nowhere else.
  if (auto written = write_file(dir_ / file_of(domain), read->pem, 0600); !written) return written;
  certificates_[domain] = read->term;
  const auto all = secured(certificates_);
  if (auto written = replace_file(dir_ / kSecuredMap, lines(all), 0600); !written) return written;
  if (auto told = runtime_.set_certificate(file_of(domain), read->pem); !told) return told;
  return runtime_.follow(kSecuredMap, "", all);
}

Result<> Gateway::remove_certificate(const std::string& domain) {
  std::lock_guard lock(mutex_);
  if (!certificates_.contains(domain)) return {};
  auto rest = certificates_;
  rest.erase(domain);
  const auto all = secured(rest);
  if (auto written = replace_file(dir_ / kSecuredMap, lines(all), 0600); !written) return written;
  std::error_code error;
  fs::remove(dir_ / file_of(domain), error);
  if (settings_.tls_port != 0) {
    if (auto told = runtime_.follow(kSecuredMap, "", all); !told) return told;
    if (auto told = runtime_.remove_certificate(file_of(domain)); !told) return told;
  }
  certificates_ = rest;
  return {};
}

std::map<std::string, Term> Gateway::certificates() const {
  std::lock_guard lock(mutex_);
  return certificates_;
}

Result<> Gateway::set_challenge(const std::string& token, const std::string& answer) {
  if (!is_token(token, "-_")) return fail_field("token", "must be letters, digits, '-' and '_'");
  if (!answer.empty() && !is_token(answer, "-_.")) {
    return fail_field("answer", "must be letters, digits, '-', '_' and '.'");
  }
  std::lock_guard lock(mutex_);
  if (answer.empty()) {
    challenges_.erase(token);
  } else {
    challenges_[token] = answer;
  }
  if (auto written = replace_file(dir_ / kChallengesMap, lines(challenges_), 0600); !written) return written;
  return runtime_.follow(kChallengesMap, "", challenges_);
}

}  // namespace sluice::gateway
