// SPDX-License-Identifier: Apache-2.0
/* The sample: a web server on port 8080 that says which pod answered. The names come from the
 * downward API through POD_NAME, POD_NAMESPACE, NODE_NAME and POD_IP; without them the pod's name
 * is the host's and its address that of the connection. Each request is a line on stdout. One
 * connection at a time, one request a connection, ten seconds for a slow client. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REQUEST_MAX 8192

static volatile sig_atomic_t stopping; /* set by the handler of SIGTERM and SIGINT */
static int listening = -1;

static void on_stop(int sig) {
    (void)sig;
    stopping = 1;
    shutdown(listening, SHUT_RDWR); /* ends accept(), whenever it is called */
}

static const char *env_or(const char *name, const char *otherwise) {
    const char *v = getenv(name);
    return v && *v ? v : otherwise;
}

static void write_all(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
        if (w < 0 && errno == EINTR && !stopping)
            continue;
        if (w <= 0)
            return;
        p += w;
        n -= (size_t)w;
    }
}

/* Reads until the empty line behind the head; the bytes read, or 0 when none came. */
static size_t read_head(int fd, char *buf, size_t max) {
    size_t n = 0;
    while (n < max - 1) {
        ssize_t r = recv(fd, buf + n, max - 1 - n, 0);
        if (r <= 0)
            break;
        n += (size_t)r;
        buf[n] = '\0';
        if (strstr(buf, "\r\n\r\n") || strstr(buf, "\n\n"))
            break;
    }
    buf[n] = '\0';
    return n;
}

/* Text of an address; IPv4 that came through the IPv6 socket is shown as IPv4. */
static const char *address_text(const struct sockaddr_storage *a, char out[INET6_ADDRSTRLEN]) {
    strcpy(out, "?");
    if (a->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, out, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, out, INET6_ADDRSTRLEN);
    return strncmp(out, "::ffff:", 7) == 0 ? out + 7 : out;
}

static const char *own_address(int fd, char out[INET6_ADDRSTRLEN]) {
    struct sockaddr_storage a;
    socklen_t n = sizeof(a);
    return getsockname(fd, (struct sockaddr *)&a, &n) < 0 ? "?" : address_text(&a, out);
}

static void serve(int fd, const char *peer) {
    char head[REQUEST_MAX], body[1024], answer[2048], host[256] = "?", ip[INET6_ADDRSTRLEN];
    gethostname(host, sizeof(host) - 1);
    if (read_head(fd, head, sizeof(head)) == 0)
        return;
    head[strcspn(head, "\r\n")] = '\0';
    for (char *c = head; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            *c = '?';
    const char *status = strncmp(head, "GET ", 4) == 0 || strncmp(head, "HEAD ", 5) == 0
                             ? "200 OK"
                             : "405 Method Not Allowed";
    int n = snprintf(body, sizeof(body), "pod=%s namespace=%s node=%s ip=%s\n",
                     env_or("POD_NAME", host), env_or("POD_NAMESPACE", "?"),
                     env_or("NODE_NAME", "?"), env_or("POD_IP", own_address(fd, ip)));
    if (n < 0 || n >= (int)sizeof(body))
        return;
    int m = snprintf(answer, sizeof(answer),
                     "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
                     "Connection: close\r\n\r\n%s",
                     status, n, strncmp(head, "HEAD ", 5) == 0 ? "" : body);
    write_all(fd, answer, (size_t)m);
    printf("%s \"%.512s\" %.3s\n", peer, head, status);
}

static int listen_on(uint16_t port) {
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, off = 0;
    if (fd >= 0) {
        struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 128) == 0)
            return fd;
        close(fd);
    }
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 128) == 0)
        return fd;
    close(fd);
    return -1;
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    int fd = listening = listen_on((uint16_t)atoi(env_or("PORT", "8080")));
    if (fd < 0) {
        perror("listen");
        return 1;
    }
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    printf("hello from %s, listening on port %s\n", env_or("POD_NAME", "?"),
           env_or("PORT", "8080"));
    while (!stopping) {
        struct sockaddr_storage from;
        socklen_t len = sizeof(from);
        int c = accept4(fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
        if (c < 0)
            continue;
        char peer[INET6_ADDRSTRLEN];
        struct timeval slow = {.tv_sec = 10};
        setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &slow, sizeof(slow));
        setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &slow, sizeof(slow));
        serve(c, address_text(&from, peer));
        close(c);
    }
    printf("stopped by a signal\n");
    return 0;
}
