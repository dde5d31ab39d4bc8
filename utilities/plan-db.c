/* SPDX-License-Identifier: Apache-2.0
 *
 * plan-db.c: how is a database asked?
 *
 * With the stock tools: ovsdb-tool reads a file, ovsdb-client talks to a
 * server.  What they complain about goes to standard error, as theirs.
 */
#include <config.h>
#include "utilities/plan-input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "process.h"
#include "util.h"

/* Reads all that comes from `fd`, and closes it. */
static void
read_all(int fd, struct ds *ds)
{
    char buf[65536];
    ssize_t n;

    while ((n = read(fd, buf, sizeof buf)) > 0
           || (n < 0 && errno == EINTR)) {
        if (n > 0) {
            ds_put_buffer(ds, buf, (size_t) n);
        }
    }
    close(fd);
}

/* Runs a program and returns what it printed. */
static char *
run(char *const argv[], struct ds *output)
{
    int fds[2], status;
    pid_t pid;

    if (pipe(fds)) {
        return xasprintf("cannot make a pipe: %s", ovs_strerror(errno));
    }
    pid = fork();
    if (pid < 0) {
        return xasprintf("cannot start %s: %s", argv[0],
                         ovs_strerror(errno));
    } else if (!pid) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        execvp(argv[0], argv);
        fprintf(stderr, "%s: %s\n", argv[0], ovs_strerror(errno));
        _exit(127);
    }
    close(fds[1]);
    read_all(fds[0], output);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        char *how = process_status_msg(status);
        char *error = xasprintf("%s failed (%s)", argv[0], how);

        free(how);
        return error;
    }
    return NULL;
}

/* `argv` says how to ask `source`. */
static char *
ask(struct svec *argv, const char *source, struct plan_input *in)
{
    struct ds output = DS_EMPTY_INITIALIZER;
    char *error;

    svec_terminate(argv);
    error = run(argv->names, &output);
    if (!error) {
        struct json *answer = json_from_string(ds_cstr(&output));

        error = (answer->type == JSON_STRING
                 ? xasprintf("%s answered no JSON: %s", argv->names[0],
                             json_string(answer))
                 : plan_read_rows(answer, in));
        json_destroy(answer);
    }
    if (error) {
        char *whole = xasprintf("%s: %s", source, error);

        free(error);
        error = whole;
    }
    ds_destroy(&output);
    svec_destroy(argv);
    return error;
}

char *
plan_read_file(const char *file, struct plan_input *in)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;

    svec_add(&argv, "ovsdb-tool");
    svec_add(&argv, "query");
    svec_add(&argv, file);
    svec_add(&argv, plan_query);
    return ask(&argv, file, in);
}

char *
plan_read_server(const char *server, unsigned int timeout,
                 struct plan_input *in)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;

    svec_add(&argv, "ovsdb-client");
    svec_add_nocopy(&argv, xasprintf("--timeout=%u", timeout));
    svec_add(&argv, "query");
    svec_add(&argv, server);
    svec_add(&argv, plan_query);
    return ask(&argv, server, in);
}
