#include "http/curl.h"

#include <dlfcn.h>

namespace sluice::http {
namespace {

constexpr const char* kLibraries[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

template <class Function>
bool find(void* library, const char* name, Function& to) {
  to = reinterpret_cast<Function>(::dlsym(library, name));
  return to != nullptr;
}

Result<Curl> loaded() {
  void* library = nullptr;
  for (const char* name : kLibraries) {
    if ((library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL))) break;
  }
  if (!library) return fail(ErrorKind::unavailable, "libcurl is not installed: install the package libcurl4");
  Curl curl{};
  const bool whole =
      find(library, "curl_global_init", curl.global_init) && find(library, "curl_easy_init", curl.easy_init) &&
      find(library, "curl_easy_reset", curl.easy_reset) && find(library, "curl_easy_setopt", curl.easy_setopt) &&
      find(library, "curl_easy_perform", curl.easy_perform) && find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
      find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
      find(library, "curl_easy_strerror", curl.easy_strerror) &&
      find(library, "curl_slist_append", curl.slist_append) &&
      find(library, "curl_slist_free_all", curl.slist_free_all);
  if (!whole) return fail(ErrorKind::unavailable, "this libcurl is not the one that Sluice was built for");
  curl.global_init(CURL_GLOBAL_DEFAULT);
  return curl;
}

}  // namespace

const Result<Curl>& Curl::load() {
  static const Result<Curl> curl = loaded();
  return curl;
}

}  // namespace sluice::http
