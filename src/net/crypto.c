// SPDX-License-Identifier: Apache-2.0
#include "net/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

void sha1(str data, uint8_t ret[20]) {
    SHA1((const unsigned char *)(data.p ? data.p : ""), data.n, ret);
}

void sha256(str data, uint8_t ret[32]) {
    SHA256((const unsigned char *)(data.p ? data.p : ""), data.n, ret);
}

str sha256_hex(struct arena *a, str data) {
    static const char hex[] = "0123456789abcdef";
    uint8_t sum[32];
    sha256(data, sum);
    char *out = arena_alloc(a, 65);
    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = hex[sum[i] >> 4];
        out[2 * i + 1] = hex[sum[i] & 15];
    }
    out[64] = 0;
    return str_n(out, 64);
}

void hmac_sha256(str key, str data, uint8_t ret[32]) {
    HMAC(EVP_sha256(), key.p ? key.p : "", (int)key.n,
         (const unsigned char *)(data.p ? data.p : ""), data.n, ret, NULL);
}

bool str_eq_constant_time(str a, str b) {
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
