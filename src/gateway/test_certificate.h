#pragma once
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>

namespace sluice::gateway {

// A certificate of this domain that it signed itself, and its key; it ends so many seconds from now.
inline std::string certificate_of(const std::string& domain, long seconds = 86'400, long number = 1) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* own = X509_new();
  X509_set_version(own, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(own), number);
  X509_gmtime_adj(X509_getm_notBefore(own), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(own), seconds);
  X509_set_pubkey(own, key);
  const std::string names = "DNS:" + domain;
  X509_EXTENSION* alternative = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(own, alternative, -1);
  X509_EXTENSION_free(alternative);
  X509_sign(own, key, EVP_sha256());
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, own);
  PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(out);
  X509_free(own);
  EVP_PKEY_free(key);
  return pem;
}

}  // namespace sluice::gateway
