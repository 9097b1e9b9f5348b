/* The entry point of images that must not get the requests. Usage: misbehave never|wrong|dies
   never: answers 503 to everything; wrong: is ready, and scores everything 0.5; dies: is the program SERVER for DIES_SECONDS, then killed. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(const char* status, const char* body) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  address.sin_port = htons((unsigned short)atoi(getenv("RISKFLAG_PORT")));
  const int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 64) != 0) exit(1);
  for (;;) {
    char request[65536], reply[512];
    const int peer = accept(listener, NULL, NULL);
    if (peer < 0) continue;
    usleep(20000); /* the body may follow the head */
    if (read(peer, request, sizeof request) <= 0) request[0] = 0;
    const int length = snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                                status, strlen(body), body);
    if (write(peer, reply, (size_t)length) < 0) perror("write");
    close(peer);
  }
}

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc == 2 && strcmp(argv[1], "never") == 0) answer("503 Service Unavailable", "{}");
  if (argc == 2 && strcmp(argv[1], "wrong") == 0) answer("200 OK", "{\"predictions\":[0.5,0.5,0.5,0.5,0.5]}");
  if (argc == 2 && strcmp(argv[1], "dies") == 0) {
    const pid_t child = fork();
    if (child == 0) execl(SERVER, SERVER, (char*)NULL);
    sleep((unsigned)atoi(getenv("DIES_SECONDS")));
    kill(child, SIGKILL);
    return 1;
  }
  return 2;
}
