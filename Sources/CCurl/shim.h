#pragma once
#include <curl/curl.h>

/* curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call: one typed function per kind of
   argument. The caller picks the one that the option's man page asks for. */

static inline CURLcode hpk_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode hpk_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode hpk_curl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode hpk_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

/* CURL_BLOB_COPY: libcurl keeps a copy of its own. */
static inline CURLcode hpk_curl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob;
    blob.data = (void *)bytes;
    blob.len = count;
    blob.flags = CURL_BLOB_COPY;
    return curl_easy_setopt(easy, option, &blob);
}

typedef size_t (*hpk_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode hpk_curl_set_data_callback(CURL *easy, CURLoption option, hpk_curl_data_callback callback) {
    return curl_easy_setopt(easy, option, callback);
}

typedef int (*hpk_curl_socket_callback)(void *context, curl_socket_t descriptor, curlsocktype purpose);

static inline CURLcode hpk_curl_set_socket_callback(CURL *easy, hpk_curl_socket_callback callback) {
    return curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, callback);
}

static inline CURLcode hpk_curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode hpk_curl_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode hpk_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/* CURL_WRITEFUNC_PAUSE and the pause bits are macros that Swift does not import. */
static const size_t hpk_curl_write_pause = CURL_WRITEFUNC_PAUSE;
static const int hpk_curl_pause_none = CURLPAUSE_CONT;
