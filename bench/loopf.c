// The limit: what the kernel takes when nothing but `send` stands between a message and its clients.
//
//   loop PORT    every GET gets the head of an event stream; the body of a POST is sent to all of them as one event
//
// One process, one epoll loop, one buffer. A client that is not ready gets the rest when it is.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define MOST 20000
static int streams[MOST], stream_count, poller;
static size_t *offsets;
static char *message, body[4 << 20];
static size_t message_len; static int memory = -1;

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "e\r\nevent: hello\n\n\r\n";

static void watch(int operation, int fd, unsigned events) {
  struct epoll_event e = {.events = events, .data.fd = fd};
  epoll_ctl(poller, operation, fd, &e);
}

static void push(int fd) {
  while (offsets[fd] < message_len) {
    off_t at = offsets[fd];
    ssize_t sent = sendfile(fd, memory, &at, message_len - offsets[fd]);
    if (sent < 0) {
      if (errno == EAGAIN) watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
      return;
    }
    offsets[fd] += sent;
  }
  offsets[fd] = message_len;
}

static void publish(const char *data, size_t size) {
  free(message);
  message = malloc(size + 64);
  size_t inner = size + strlen("event: bots\ndata: \n\n");
  message_len = sprintf(message, "%zx\r\nevent: bots\ndata: ", inner);
  memcpy(message + message_len, data, size);
  message_len += size;
  memcpy(message + message_len, "\n\n\r\n", 4);
  message_len += 4;
  if (memory >= 0) close(memory);
  memory = memfd_create("m", 0);
  write(memory, message, message_len);
  for (int i = 0; i < stream_count; i++) {
    offsets[streams[i]] = 0;
    push(streams[i]);
  }
}

static void leave(int fd) {
  for (int i = 0; i < stream_count; i++)
    if (streams[i] == fd) streams[i] = streams[--stream_count];
  close(fd);
}

static void take(int fd) {
  size_t len = 0;
  ssize_t got = recv(fd, body, sizeof body - 1, MSG_DONTWAIT);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) leave(fd);
    return;
  }
  len = got;
  body[len] = 0;
  if (!strncmp(body, "GET ", 4)) {
    send(fd, HEAD, sizeof HEAD - 1, MSG_NOSIGNAL);
    offsets[fd] = message_len;
    if (stream_count < MOST) streams[stream_count++] = fd;
    return;
  }
  char *start = strstr(body, "\r\n\r\n"), *length = strcasestr(body, "content-length:");
  if (strncmp(body, "POST ", 5) || !start || !length) return;
  start += 4;
  size_t want = strtoull(length + 15, NULL, 10);
  while (len < (size_t)(start - body) + want && len < sizeof body - 1) {
    got = recv(fd, body + len, sizeof body - 1 - len, 0);
    if (got <= 0) return;
    len += got;
  }
  publish(start, want);
  const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
}

int main(int argc, char **argv) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (void *)&own, sizeof own) || listen(listener, 4096)) {
    perror("loop");
    return 1;
  }
  offsets = calloc(1 << 20, sizeof(size_t));
  poller = epoll_create1(0);
  watch(EPOLL_CTL_ADD, listener, EPOLLIN);
  for (;;) {
    struct epoll_event events[256];
    int n = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
          watch(EPOLL_CTL_ADD, fd, EPOLLIN);
          struct epoll_event more;
          if (epoll_wait(poller, &more, 1, 0) < 1 || more.data.fd != listener) break;
        }
        continue;
      }
      if (events[i].events & EPOLLOUT) {
        watch(EPOLL_CTL_MOD, fd, EPOLLIN);
        push(fd);
      }
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) take(fd);
    }
  }
}
