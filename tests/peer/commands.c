/* SPDX-License-Identifier: Apache-2.0
 *
 * commands.c: see commands.h.
 */
#include "tests/peer/commands.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

bool
commands_read(int timeout_ms, void (*obey)(char *line))
{
    static char text[512];
    static size_t len;
    struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
    char *end;

    if (poll(&in, 1, timeout_ms) <= 0) {
        return true;
    }
    ssize_t n = read(STDIN_FILENO, text + len, sizeof text - 1 - len);
    if (n <= 0) {
        return false;
    }
    len += (size_t) n;
    text[len] = '\0';
    while ((end = strchr(text, '\n')) != NULL) {
        *end = '\0';
        obey(text);
        len -= (size_t) (end + 1 - text);
        memmove(text, end + 1, len + 1);
    }
    return len < sizeof text - 1;
}
