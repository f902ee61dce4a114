// What {{name}} decides. `exports_filter_configure` says which attributes it looks at; nothing else reaches it.
// There is no operating system in here: no files, no clock, no printf. `bindings/filter.h` has all types.
#include "filter.h"

#include <stdlib.h>
#include <string.h>

typedef sealog_filter_types_value_t cell;

// Places in the list of columns that `exports_filter_configure` gives, and so in a change's cells.
enum { OLD_STATUS, NEW_STATUS, OLD_EMAIL, NEW_EMAIL, COLUMNS };

static filter_string_t copy(const char *text) {
    filter_string_t string;
    filter_string_dup(&string, text);
    return string;
}

static bool same(const filter_string_t *string, const char *text) {
    return string->len == strlen(text) && memcmp(string->ptr, text, string->len) == 0;
}

static bool is(const cell *cell, const char *text) {
    return cell->tag == SEALOG_FILTER_TYPES_VALUE_TEXT && same(&cell->val.text, text);
}

static sealog_filter_types_column_t column(sealog_filter_types_image_t image, const char *name) {
    filter_list_string_t path = {calloc(1, sizeof(filter_string_t)), 1};
    path.ptr[0] = copy(name);
    return (sealog_filter_types_column_t){image, path};
}

bool exports_filter_configure(filter_string_t *config, filter_manifest_t *manifest, filter_string_t *error) {
    (void)error;
    filter_string_free(config);
    manifest->name = copy("{{name}}");
    manifest->version = copy("0.1.0");
    manifest->columns.len = COLUMNS;
    manifest->columns.ptr = calloc(COLUMNS, sizeof(sealog_filter_types_column_t));
    manifest->columns.ptr[OLD_STATUS] = column(SEALOG_FILTER_TYPES_IMAGE_OLD_IMAGE, "status");
    manifest->columns.ptr[NEW_STATUS] = column(SEALOG_FILTER_TYPES_IMAGE_NEW_IMAGE, "status");
    manifest->columns.ptr[OLD_EMAIL] = column(SEALOG_FILTER_TYPES_IMAGE_OLD_IMAGE, "email");
    manifest->columns.ptr[NEW_EMAIL] = column(SEALOG_FILTER_TYPES_IMAGE_NEW_IMAGE, "email");
    manifest->reasons.len = 2;
    manifest->reasons.ptr = calloc(2, sizeof(filter_string_t));
    manifest->reasons.ptr[0] = copy("draft");
    manifest->reasons.ptr[1] = copy("paid-cancelled");
    manifest->verdicts = SEALOG_FILTER_TYPES_VERDICT_KINDS_DROP | SEALOG_FILTER_TYPES_VERDICT_KINDS_REDACT |
                         SEALOG_FILTER_TYPES_VERDICT_KINDS_TAG | SEALOG_FILTER_TYPES_VERDICT_KINDS_ALERT;
    manifest->config_schema.is_some = false; // takes no configuration
    return true;
}

static bool by_ttl(const filter_change_t *change) {
    return change->kind == SEALOG_FILTER_TYPES_CHANGE_KIND_REMOVE && change->identity.is_some &&
           same(&change->identity.val.kind, "Service") &&
           same(&change->identity.val.principal, "dynamodb.amazonaws.com");
}

static void judge(const filter_change_t *change, filter_verdict_t *verdict) {
    const cell *cells = change->cells.ptr;
    if (is(&cells[NEW_STATUS], "DRAFT")) {
        verdict->tag = SEALOG_FILTER_TYPES_VERDICT_DROP;
        verdict->val.drop = copy("draft");
        return;
    }
    sealog_filter_types_edits_t edits = {0};
    for (uint32_t place = OLD_EMAIL; place <= NEW_EMAIL; place++) {
        if (cells[place].tag != SEALOG_FILTER_TYPES_VALUE_ABSENT) {
            if (edits.redact.ptr == NULL) edits.redact.ptr = calloc(2, sizeof(uint32_t));
            edits.redact.ptr[edits.redact.len++] = place;
        }
    }
    if (by_ttl(change)) {
        edits.tags.ptr = calloc(1, sizeof(sealog_filter_types_tag_t));
        edits.tags.ptr[0] = (sealog_filter_types_tag_t){copy("deleted-by"), copy("ttl")};
        edits.tags.len = 1;
    }
    if (is(&cells[OLD_STATUS], "PAID") && is(&cells[NEW_STATUS], "CANCELLED")) {
        edits.alert = (filter_option_string_t){true, copy("paid-cancelled")};
    }
    if (edits.redact.len == 0 && edits.tags.len == 0 && !edits.alert.is_some) {
        verdict->tag = SEALOG_FILTER_TYPES_VERDICT_KEEP;
        return;
    }
    verdict->tag = SEALOG_FILTER_TYPES_VERDICT_KEEP_WITH;
    verdict->val.keep_with = edits;
}

bool exports_filter_evaluate(filter_list_change_t *batch, filter_list_verdict_t *verdicts, filter_string_t *error) {
    (void)error;
    verdicts->len = batch->len;
    verdicts->ptr = calloc(batch->len, sizeof(filter_verdict_t));
    for (size_t place = 0; place < batch->len; place++) judge(&batch->ptr[place], &verdicts->ptr[place]);
    filter_list_change_free(batch);
    return true;
}
