#include "gateway/certificate.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

namespace sluice::gateway {
namespace {

constexpr std::size_t kLongest = 100'000;

struct Freed {
  void operator()(BIO* value) const { BIO_free(value); }
  void operator()(X509* value) const { X509_free(value); }
  void operator()(EVP_PKEY* value) const { EVP_PKEY_free(value); }
};
template <class T>
using Owned = std::unique_ptr<T, Freed>;

Owned<BIO> reading(const std::string& pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// A key that has a password is not asked for one.
int no_password(char*, int, int, void*) { return -1; }

std::string written(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::from_time_t(::timegm(&parts)));
}

}  // namespace

Result<Certificate> read_certificate(const std::string& pem, const std::string& domain, Time now) {
  if (pem.size() > kLongest) return fail_field("certificate", "is larger than 100 kB");
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, no_password, nullptr));
  if (!key) return fail_field("key", "is no private key in PEM, or has a password: give it without one");
  const auto from = reading(pem);
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  Owned<X509> own;
  while (Owned<X509> next{PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)}) {
    PEM_write_bio_X509(out.get(), next.get());
    if (!own) own = std::move(next);
  }
  if (!own) return fail_field("certificate", "is no certificate in PEM");
  if (X509_check_private_key(own.get(), key.get()) != 1) {
    return fail_field("key", "is not the key of this certificate; of a chain the domain's own comes first");
  }
  if (X509_check_host(own.get(), domain.data(), domain.size(), 0, nullptr) != 1) {
    return fail_field("certificate", "is not of " + domain);
  }
  const Term term{time_of(X509_get0_notBefore(own.get())), time_of(X509_get0_notAfter(own.get()))};
  if (term.until <= now) return fail_field("certificate", "is over since " + to_rfc3339(term.until));
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return Certificate{written(out.get()), term};
}

}  // namespace sluice::gateway
