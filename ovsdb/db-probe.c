/* SPDX-License-Identifier: Apache-2.0
 *
 * db-probe.c: asks for the schema, and where there is none, for the names of
 * the databases that are there.
 */
#include <config.h>
#include "ovsdb/db-probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "jsonrpc.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovsdb-session.h"
#include "ovsdb/vswitch-idl.h"
#include "stream.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(db_probe);

static struct stream *stream;   /* while connecting */
static struct jsonrpc *rpc;     /* afterwards */
static char *db_name;
static char *version;
static char *complaint;         /* last one said, so that it is said once */

static void
close_connection(void)
{
    stream_close(stream);
    stream = NULL;
    jsonrpc_close(rpc);
    rpc = NULL;
}

void
db_probe_destroy(void)
{
    close_connection();
    free(db_name);
    free(version);
    free(complaint);
    db_name = version = complaint = NULL;
}

const char *
db_probe_version(void)
{
    return version;
}

void
db_probe_start(const char *remote, const char *db)
{
    struct svec remotes = SVEC_EMPTY_INITIALIZER;
    struct uuid cluster;

    close_connection();
    free(db_name);
    db_name = xstrdup(db);
    ovsdb_session_parse_remote(remote, &remotes, &cluster);
    if (remotes.n && jsonrpc_stream_open(remotes.names[0], &stream, 0)) {
        stream = NULL;          /* the IDL's own connection says why */
    }
    svec_destroy(&remotes);
}

static void
ask(const char *method, struct json *params)
{
    if (jsonrpc_send(rpc, jsonrpc_create_request(method, params, NULL))) {
        close_connection();
    }
}

static void
connected(void)
{
    rpc = jsonrpc_open(stream);
    stream = NULL;
    ask("get_schema", json_array_create_1(json_string_create(db_name)));
}

/* The answer to "list_dbs". */
static void
complain(const struct json *names)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    int n = 0;

    ds_put_format(&s, "%s serves no database \"%s\", only ",
                  jsonrpc_get_name(rpc), db_name);
    for (size_t i = 0; i < names->array.n; i++) {
        const struct json *name = names->array.elems[i];

        /* Names that begin with "_" are the server's own. */
        if (name->type == JSON_STRING && name->string[0] != '_') {
            ds_put_format(&s, "%s\"%s\"", n++ ? ", " : "", name->string);
        }
    }
    ds_put_format(&s, "%s: expecting one made from vswitch.ovsschema, "
                  "version %s; trying again until there is one",
                  n ? "" : "none of use", dbrec_get_db_version());
    if (!nullable_string_is_equal(complaint, ds_cstr(&s))) {
        VLOG_ERR("%s", ds_cstr(&s));
        free(complaint);
        complaint = ds_steal_cstr(&s);
    }
    ds_destroy(&s);
}

/* The answer to "get_schema". */
static void
got_schema(const struct json *schema)
{
    const struct json *v = shash_find_data(json_object(schema), "version");

    free(version);
    version = v && v->type == JSON_STRING ? xstrdup(v->string) : NULL;
    free(complaint);
    complaint = NULL;
}

static void
answered(const struct jsonrpc_msg *msg)
{
    if (msg->type == JSONRPC_ERROR) {
        free(version);
        version = NULL;
        ask("list_dbs", json_array_create_empty());
        return;
    }
    if (msg->type == JSONRPC_REPLY && msg->result) {
        if (msg->result->type == JSON_OBJECT) {
            got_schema(msg->result);
        } else if (msg->result->type == JSON_ARRAY) {
            complain(msg->result);
        }
    }
    close_connection();
}

void
db_probe_run(void)
{
    struct jsonrpc_msg *msg;
    int error;

    if (stream) {
        stream_run(stream);
        error = stream_connect(stream);
        if (!error) {
            connected();
        } else if (error != EAGAIN) {
            close_connection();
        }
    }
    if (!rpc) {
        return;
    }
    jsonrpc_run(rpc);
    error = jsonrpc_recv(rpc, &msg);
    if (!error) {
        answered(msg);
        jsonrpc_msg_destroy(msg);
    } else if (error != EAGAIN) {
        close_connection();
    }
}

void
db_probe_wait(void)
{
    if (stream) {
        stream_run_wait(stream);
        stream_connect_wait(stream);
    }
    if (rpc) {
        jsonrpc_wait(rpc);
        jsonrpc_recv_wait(rpc);
    }
}
