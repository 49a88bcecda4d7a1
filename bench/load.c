// The load generator: thousands of clients of one server in one process, told what to do on standard input.
//
//   load stream ADDRESS PORT PATH CLIENTS SOURCES [-g] [-s SLOW] [-d DEAD] [-H "Header: value"]...
//   load get    ADDRESS PORT PATH CONNECTIONS SECONDS RATE [-g] [-H ...]
//
// `stream` takes a command a line and answers each with one JSON line:
//   open AT_ONCE TIMEOUT   connect all, that many at a time, until each has a head and a first byte after it
//   round TIMEOUT GRACE    answers {"marked":1} at once; counts from there until every reading client has the same
//                          number of bytes and nothing came for GRACE seconds; then says when the last byte came
//   verify TIMEOUT GRACE   the same, but reads what comes and compares a checksum of it over all clients; the bytes
//                          of the first client go to the file bench-probe in the working folder
//   drop                   resets every connection
// It does not measure itself: what arrives is dropped in the kernel (MSG_TRUNC), never copied, except to verify.
// The first SLOW clients read 256 bytes every 50 ms, the next DEAD ones nothing after the head.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTING = 1, HEAD, BODY, CLOSED };

typedef struct {
  int fd, state, tail;      // tail: how much of "\r\n\r\n" was seen last
  uint64_t bytes, sum;      // body bytes and their checksum since the mark
  uint64_t left;            // get: body bytes still to come
  double last, due;         // when the last byte came; get: when the request was due
  int is_busy, head_len;
  char *head;
} Client;

static Client *clients;
static int count, sources, slow, dead, poller, is_get, is_verify, opened, wanted_gzip;
static char request[8192], scratch[1 << 18];
static size_t request_len;
static struct sockaddr_in server;
static FILE *probe;
static double latest, *latencies;
static long answers, failures, latency_room;
static uint64_t total;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void closed(Client *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->state = CLOSED;
}

static void begin(int number) {
  Client *c = &clients[number];
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) die("socket");
  int yes = 1, small = 4096;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (number < slow + dead) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  struct sockaddr_in own = {.sin_family = AF_INET};
  own.sin_addr.s_addr = htonl(0x7f000001 + number % sources);
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  if (bind(c->fd, (void *)&own, sizeof own) < 0) die("bind");
  c->state = CONNECTING;
  c->tail = 0;
  if (connect(c->fd, (void *)&server, sizeof server) < 0 && errno != EINPROGRESS) {
    closed(c);
    return;
  }
  struct epoll_event e = {.events = EPOLLOUT, .data.u32 = number};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
}

static void ask(Client *c) {
  if (send(c->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len) closed(c);
}

static void watch(int number, uint32_t events) {
  struct epoll_event e = {.events = events, .data.u32 = number};
  epoll_ctl(poller, EPOLL_CTL_MOD, clients[number].fd, &e);
}

static void take_body(int number, const char *data, ssize_t size) {
  Client *c = &clients[number];
  c->bytes += size;
  total += size;
  c->last = latest = now();
  if (is_verify && data)
    for (ssize_t i = 0; i < size; i++) c->sum = (c->sum ^ (unsigned char)data[i]) * 1099511628211ull;
  if (is_verify && data && probe && number == slow + dead) fwrite(data, 1, size, probe);
}

static void answered(Client *c) {
  double took = now() - c->due;
  c->is_busy = 0;
  c->head_len = 0;
  c->state = HEAD;
  if (answers < latency_room) latencies[answers] = took;
  answers++;
}

// The head is read byte-wise from what came; returns how much of `data` belongs to it, -1 while it goes on.
static ssize_t take_head(Client *c, const char *data, ssize_t size) {
  for (ssize_t i = 0; i < size; i++) {
    if (c->head_len < 4095) c->head[c->head_len++] = data[i];
    c->tail = data[i] == "\r\n\r\n"[c->tail] ? c->tail + 1 : data[i] == '\r';
    if (c->tail == 4) {
      c->head[c->head_len] = 0;
      c->tail = 0;
      return i + 1;
    }
  }
  return -1;
}

static void readable(int number) {
  Client *c = &clients[number];
  if (c->state == HEAD) {
    ssize_t got = recv(c->fd, scratch, is_get ? sizeof scratch : 4096, 0);
    if (got <= 0) {
      if (got < 0 && errno == EAGAIN) return;
      if (is_get) failures++;
      closed(c);
      return;
    }
    ssize_t used = take_head(c, scratch, got);
    if (used < 0) return;
    if (strncmp(c->head, "HTTP/1.1 200", 12) != 0) {
      failures++;
      fprintf(stderr, "load: %.60s\n", c->head);
      closed(c);
      return;
    }
    c->state = BODY;
    if (is_get) {
      char *length = strcasestr(c->head, "content-length:");
      c->left = length ? strtoull(length + 15, NULL, 10) : 0;
      c->left -= got - used;
      total += got - used;
      if (c->left == 0) answered(c);
      return;
    }
    free(c->head);
    c->head = NULL;
    opened++;
    if (got > used) take_body(number, scratch + used, got - used);
    if (number < slow + dead) epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
    return;
  }
  for (;;) {
    ssize_t got = is_verify ? recv(c->fd, scratch, sizeof scratch, 0)
                            : recv(c->fd, NULL, 1 << 24, MSG_TRUNC);
    if (got > 0 && is_get) {
      c->left -= got;
      total += got;
      if (c->left == 0) answered(c);
      return;
    }
    if (got > 0) {
      take_body(number, is_verify ? scratch : NULL, got);
      if (is_verify && got == sizeof scratch) continue;
      return;
    }
    if (got < 0 && errno == EAGAIN) return;
    if (is_get) failures++;
    closed(c);
    return;
  }
}

static void turn(int wait_ms) {
  struct epoll_event events[512];
  int n = epoll_wait(poller, events, 512, wait_ms);
  for (int i = 0; i < n; i++) {
    int number = events[i].data.u32;
    if (number < 0 || number >= count) continue;
    Client *c = &clients[number];
    if (c->state == CONNECTING) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error) {
        failures++;
        closed(c);
        continue;
      }
      c->state = HEAD;
      c->head = c->head ? c->head : malloc(4096);
      c->head_len = 0;
      watch(number, EPOLLIN);
      if (!is_get) ask(c);
    } else if (c->state != CLOSED) {
      readable(number);
    }
  }
}

static double slow_due;

static void feed_slow(void) {
  if (slow == 0 || now() < slow_due) return;
  slow_due = now() + 0.05;
  for (int i = 0; i < slow; i++) {
    if (clients[i].state != BODY) continue;
    ssize_t got = recv(clients[i].fd, scratch, 256, MSG_DONTWAIT);
    if (got > 0) clients[i].bytes += got;
    if (got == 0) closed(&clients[i]);
  }
}

static int read_command(char *line, size_t size, int wait_ms) {
  static char held[4096];
  static size_t len;
  char *end = memchr(held, '\n', len);
  if (!end) {
    struct timeval t = {0, 0};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(0, &set);
    if (select(1, &set, NULL, NULL, &t) > 0) {
      ssize_t got = read(0, held + len, sizeof held - len);
      if (got <= 0) exit(0);
      len += got;
      end = memchr(held, '\n', len);
    }
  }
  (void)wait_ms;
  if (!end) return 0;
  size_t used = end - held + 1;
  snprintf(line, size, "%.*s", (int)(used - 1), held);
  memmove(held, held + used, len - used);
  len -= used;
  return 1;
}

static void open_all(int at_once, double timeout) {
  double started = now(), until = started + timeout;
  int next = 0;
  opened = 0;
  failures = 0;
  long connecting;
  for (int i = 0; i < count; i++) clients[i].bytes = 0;
  for (;;) {
    int ready = 0;
    connecting = 0;
    for (int i = 0; i < next; i++) {
      connecting += clients[i].state == CONNECTING || clients[i].state == HEAD;
      ready += clients[i].state == BODY && (clients[i].bytes > 0 || i < slow + dead);
      if (clients[i].state == CLOSED && clients[i].fd == -1 && now() < until && failures < 100000) {
        if (now() - started > 0.2) { failures++; begin(i); }
      }
    }
    while (next < count && connecting < at_once) {
      begin(next++);
      connecting++;
    }
    if ((ready == count && next == count) || now() > until) {
      printf("{\"opened\":%d,\"clients\":%d,\"failures\":%ld,\"s\":%.6f,\"at\":%.6f}\n", ready, count, failures,
             now() - started, latest);
      return;
    }
    for (int i = 0; i < 8; i++) turn(i == 0 ? 2 : 0);
    feed_slow();
  }
}

static int compare(const void *a, const void *b) {
  double x = *(double *)a, y = *(double *)b;
  return x < y ? -1 : x > y;
}

static void count_round(double timeout, double grace) {
  for (int i = 0; i < count; i++) {
    clients[i].bytes = 0;
    clients[i].sum = 14695981039346656037ull;
    clients[i].last = 0;
  }
  total = 0;
  latest = 0;
  if (is_verify) probe = fopen("bench-probe", "wb");
  printf("{\"marked\":1}\n");
  fflush(stdout);
  double until = now() + timeout;
  int first = slow + dead, complete = 0, gone = 0;
  for (;;) {
    turn(2);
    feed_slow();
    double t = now();
    if (t > until || (latest > 0 && t - latest > grace)) {
      uint64_t most = 0;
      complete = gone = 0;
      for (int i = first; i < count; i++)
        if (clients[i].bytes > most) most = clients[i].bytes;
      for (int i = first; i < count; i++) {
        complete += clients[i].bytes == most && clients[i].sum == clients[first].sum;
        gone += clients[i].state == CLOSED;
      }
      // a heartbeat that was on its way at the mark leaves counts that stay unequal: nothing more will come
      if (complete + gone == count - first || t > until || (latest > 0 && t - latest > grace + 2)) {
        double *times = malloc(sizeof(double) * (count + 1));
        for (int i = first; i < count; i++) times[i - first] = clients[i].last;
        int n = count - first;
        qsort(times, n, sizeof(double), compare);
        printf("{\"complete\":%d,\"reading\":%d,\"gone\":%d,\"bytes\":%llu,\"total\":%llu,\"first_at\":%.7f,"
               "\"median_at\":%.7f,\"last_at\":%.7f}\n",
               complete, n, gone, (unsigned long long)most, (unsigned long long)total, times[0], times[n / 2],
               times[n - 1]);
        free(times);
        break;
      }
    }
  }
  if (probe) fclose(probe);
  probe = NULL;
}

static void stream(void) {
  char line[256];
  for (;;) {
    turn(1);
    feed_slow();
    if (!read_command(line, sizeof line, 0)) continue;
    double a = 0, b = 0;
    char name[16] = "";
    sscanf(line, "%15s %lf %lf", name, &a, &b);
    if (!strcmp(name, "open")) {
      open_all((int)a, b);
    } else if (!strcmp(name, "round") || !strcmp(name, "verify")) {
      is_verify = name[0] == 'v';
      count_round(a, b);
      is_verify = 0;
    } else if (!strcmp(name, "drop")) {
      struct linger l = {1, 0};
      for (int i = 0; i < count; i++) {
        if (clients[i].fd >= 0) setsockopt(clients[i].fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
        closed(&clients[i]);
      }
      printf("{\"dropped\":%d}\n", count);
    } else {
      printf("{\"error\":\"unknown command\"}\n");
    }
    fflush(stdout);
  }
}

static void get(double seconds, double rate) {
  latency_room = 4000000;
  latencies = malloc(sizeof(double) * latency_room);
  for (int i = 0; i < count; i++) begin(i);
  double until = now() + 5;
  for (;;) {
    int ready = 0;
    for (int i = 0; i < count; i++) ready += clients[i].state == HEAD;
    if (ready == count || now() > until) break;
    turn(2);
  }
  double started = now(), next_due = started;
  int at = 0;
  while (now() < started + seconds) {
    if (rate == 0) {
      for (int i = 0; i < count; i++) {
        Client *c = &clients[i];
        if (c->state != HEAD || c->is_busy) continue;
        c->is_busy = 1;
        c->due = now();
        ask(c);
      }
    } else {
      while (next_due <= now()) {  // open loop: a late answer does not delay the next request
        int tried = 0;
        while (tried < count && (clients[at].state != HEAD || clients[at].is_busy)) at = (at + 1) % count, tried++;
        if (tried == count) break;
        clients[at].is_busy = 1;
        clients[at].due = next_due;
        ask(&clients[at]);
        next_due += 1 / rate;
      }
    }
    turn(1);
  }
  double took = now() - started;
  long n = answers < latency_room ? answers : latency_room;
  qsort(latencies, n, sizeof(double), compare);
  printf("{\"answers\":%ld,\"failures\":%ld,\"s\":%.4f,\"bytes\":%llu,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f}\n",
         answers, failures, took, (unsigned long long)total, n ? latencies[n / 2] * 1e3 : 0,
         n ? latencies[(long)(n * 0.99)] * 1e3 : 0, n ? latencies[n - 1] * 1e3 : 0);
}

int main(int argc, char **argv) {
  if (argc < 7) {
    fprintf(stderr, "load: see the head of load.c\n");
    return 2;
  }
  is_get = !strcmp(argv[1], "get");
  server.sin_family = AF_INET;
  server.sin_port = htons(atoi(argv[3]));
  inet_pton(AF_INET, argv[2], &server.sin_addr);
  if ((ntohl(server.sin_addr.s_addr) >> 24) != 127) {
    fprintf(stderr, "load: only loopback addresses are ever loaded\n");
    return 2;
  }
  count = atoi(argv[5]);
  if (count < 1 || count > 20000) return 2;
  sources = is_get ? 1 : atoi(argv[6]);
  double seconds = is_get ? atof(argv[6]) : 0, rate = is_get ? atof(argv[7]) : 0;
  char more[6000] = "";
  int option;
  optind = is_get ? 8 : 7;
  while ((option = getopt(argc, argv, "gs:d:H:")) != -1) {
    if (option == 'g') wanted_gzip = 1;
    if (option == 's') slow = atoi(optarg);
    if (option == 'd') dead = atoi(optarg);
    if (option == 'H') snprintf(more + strlen(more), sizeof more - strlen(more), "%s\r\n", optarg);
  }
  request_len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n%s%s%s\r\n", argv[4], argv[3],
                         is_get ? "" : "Accept: text/event-stream\r\n", wanted_gzip ? "Accept-Encoding: gzip\r\n" : "",
                         more);
  clients = calloc(count, sizeof(Client));
  for (int i = 0; i < count; i++) clients[i].fd = -1;
  poller = epoll_create1(0);
  if (is_get) get(seconds, rate);
  else stream();
  return 0;
}
