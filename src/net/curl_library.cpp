#include "net/curl_library.h"

#include <dlfcn.h>

#include "base/error.h"

namespace shipit::net {
namespace {

constexpr unsigned kOldestVersion = 0x075500;  // 7.85: CURLOPT_PROTOCOLS_STR

template <class Function>
void bind(void* library, const char* name, Function& function) {
  void* symbol = ::dlsym(library, name);
  if (!symbol) throw unavailable(std::string("libcurl has no ") + name);
  function = reinterpret_cast<Function>(symbol);
}

CurlLibrary load() {
  void* library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw unavailable("libcurl.so.4 can't be loaded (Debian's package is libcurl4): " +
                      std::string(::dlerror()));
  decltype(&::curl_version_info) version_info;
  bind(library, "curl_version_info", version_info);
  if (version_info(CURLVERSION_NOW)->version_num < kOldestVersion) {
    throw unavailable(std::string("libcurl is older than 7.85: ") + version_info(CURLVERSION_NOW)->version);
  }
  CurlLibrary curl;
  bind(library, "curl_global_init", curl.global_init);
  bind(library, "curl_easy_init", curl.easy_init);
  bind(library, "curl_easy_cleanup", curl.easy_cleanup);
  bind(library, "curl_easy_setopt", curl.easy_setopt);
  bind(library, "curl_easy_getinfo", curl.easy_getinfo);
  bind(library, "curl_easy_pause", curl.easy_pause);
  bind(library, "curl_easy_strerror", curl.easy_strerror);
  bind(library, "curl_slist_append", curl.slist_append);
  bind(library, "curl_slist_free_all", curl.slist_free_all);
  bind(library, "curl_multi_init", curl.multi_init);
  bind(library, "curl_multi_cleanup", curl.multi_cleanup);
  bind(library, "curl_multi_setopt", curl.multi_setopt);
  bind(library, "curl_multi_add_handle", curl.multi_add_handle);
  bind(library, "curl_multi_remove_handle", curl.multi_remove_handle);
  bind(library, "curl_multi_perform", curl.multi_perform);
  bind(library, "curl_multi_poll", curl.multi_poll);
  bind(library, "curl_multi_wakeup", curl.multi_wakeup);
  bind(library, "curl_multi_info_read", curl.multi_info_read);
  curl.global_init(CURL_GLOBAL_ALL);
  return curl;
}

}  // namespace

const CurlLibrary& curl_library() {
  static const CurlLibrary library = load();
  return library;
}

}  // namespace shipit::net
