#include "mixture_file.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "printf_like.h"

enum { LINE_MAX_CHARS = 500, FIELDS_MAX = 6 };

static const char *const fields1[] = { "weight", "mean", "variance" };
static const char *const fields2[] = { "weight", "mean_x", "mean_y",
                                       "var_x",  "cov_xy", "var_y" };

typedef struct {
    FILE *in;
    const char *name; /* of the file */
    size_t line;      /* number of the line in text, from 1 */
    int at_end;       /* 1 when text holds the last line    */
    size_t last;      /* number of the last component's line */
    char text[LINE_MAX_CHARS + 1];
    char *message;
    size_t size; /* of message */
    size_t dim, K;
    double weight[DM_COMPONENTS_MAX];
    double mean[2 * DM_COMPONENTS_MAX];
    double cov[3 * DM_COMPONENTS_MAX];
} reader;

/* Writes "name:line: ..." to the message; returns -1. */
static int stop(reader *r, const char *format, ...) DM_PRINTF(2, 3);
static int stop(reader *r, const char *format, ...)
{
    int used = snprintf(r->message, r->size, "%s:%zu: ", r->name, r->line);
    va_list args;

    va_start(args, format);
    if (used >= 0 && (size_t)used < r->size)
        vsnprintf(r->message + used, r->size - (size_t)used, format, args);
    va_end(args);
    return -1;
}

/* The functions below return 0, or -1 after a message. */

/* Reads the next line, less its comment, into text. */
static int next_line(reader *r)
{
    size_t n = 0;
    int comment = 0, ch = fgetc(r->in);

    r->line++;
    for (; ch != EOF && ch != '\n'; ch = fgetc(r->in)) {
        comment = comment || ch == '#';
        if (comment)
            continue;
        if (!(isprint(ch) || ch == '\t' || ch == '\r'))
            return stop(r, "expected text, got the byte 0x%02x", (unsigned)ch);
        if (n == LINE_MAX_CHARS)
            return stop(r, "expected a line of at most %d characters",
                        LINE_MAX_CHARS);
        r->text[n++] = (char)ch;
    }
    r->text[n] = '\0';
    if (ferror(r->in))
        return stop(r, "cannot read: %s", strerror(errno));
    r->at_end = ch == EOF;
    return 0;
}

/* Reads a decimal number: strtod without hexadecimal, inf and nan. */
static int read_number(reader *r, size_t field, const char *text,
                       const char *what, double *value)
{
    char *end;

    errno = 0;
    *value = strtod(text, &end);
    if (end == text || *end != '\0' ||
        text[strspn(text, "+-.0123456789eE")] != '\0')
        return stop(r,
                    "field %zu (%s): expected a decimal number, got \"%.40s\"",
                    field + 1, what, text);
    if (errno == ERANGE)
        return stop(r,
                    "field %zu (%s): expected a number that a double can "
                    "hold, got \"%.40s\"",
                    field + 1, what, text);
    return 0;
}

/* Checks one component of dimension dim; field numbers as in its line. */
static int check_component(reader *r, size_t dim, const double value[])
{
    const char *const *names = dim == 1 ? fields1 : fields2;

    if (!(value[0] > 0.0))
        return stop(r, "field 1 (weight): expected a number > 0, got %g",
                    value[0]);
    for (size_t i = 1; i <= dim; i++)
        if (!(fabs(value[i]) <= 1e60))
            return stop(r,
                        "field %zu (%s): expected at most 1e60 in size, "
                        "got %g",
                        i + 1, names[i], value[i]);
    for (size_t i = dim + 1; i < 3 * dim; i += 2)
        if (!(1e-60 <= value[i] && value[i] <= 1e60))
            return stop(r,
                        "field %zu (%s): expected a number > 0 (from 1e-60 "
                        "to 1e60), got %g",
                        i + 1, names[i], value[i]);
    if (dim == 2 &&
        !(dm_sym2_determinant((dm_sym2){ value[3], value[4], value[5] }) > 0.0))
        return stop(r,
                    "field 5 (cov_xy): expected a positive definite "
                    "covariance, |cov_xy| < sqrt(var_x var_y) = %g, got %g",
                    sqrt(value[3]) * sqrt(value[5]), value[4]);
    return 0;
}

/* Adds the component in the fields of a line. */
static int add_component(reader *r, size_t n, char *const field[])
{
    size_t dim = n == 3 ? 1 : n == 6 ? 2 : 0;
    double value[FIELDS_MAX];

    if (dim == 0)
        return stop(r,
                    "expected 3 fields (weight mean variance) or 6 (weight "
                    "mean_x mean_y var_x cov_xy var_y), got %zu%s",
                    n, n > FIELDS_MAX ? " or more" : "");
    if (r->K > 0 && dim != r->dim)
        return stop(r, "expected %d fields as in the lines before, got %zu",
                    r->dim == 1 ? 3 : 6, n);
    if (r->K == DM_COMPONENTS_MAX)
        return stop(r, "expected at most %d components", DM_COMPONENTS_MAX);
    for (size_t i = 0; i < n; i++)
        if (read_number(r, i, field[i], (dim == 1 ? fields1 : fields2)[i],
                        &value[i]) != 0)
            return -1;
    if (check_component(r, dim, value) != 0)
        return -1;
    r->dim = dim;
    r->weight[r->K] = value[0];
    memcpy(&r->mean[dim * r->K], &value[1], dim * sizeof *value);
    memcpy(&r->cov[(2 * dim - 1) * r->K], &value[1 + dim],
           (2 * dim - 1) * sizeof *value);
    r->K++;
    r->last = r->line;
    return 0;
}

/* Adds the component in the line in text, if there is one. */
static int read_line(reader *r)
{
    char *text = r->text, *field[FIELDS_MAX + 1];
    size_t n = 0;

    for (char *word = strtok(text, " \t\r"); word != NULL && n <= FIELDS_MAX;
         word = strtok(NULL, " \t\r"))
        field[n++] = word;
    return n == 0 ? 0 : add_component(r, n, field);
}

/* Passes over the byte order mark of UTF-8, if the file starts with one. */
static int skip_byte_order_mark(reader *r)
{
    static const int mark[] = { 0xEF, 0xBB, 0xBF };
    int ch = fgetc(r->in);

    if (ch != mark[0]) {
        if (ch != EOF)
            ungetc(ch, r->in);
        return 0;
    }
    if (fgetc(r->in) != mark[1] || fgetc(r->in) != mark[2]) {
        r->line = 1;
        return stop(r, "expected text, got the byte 0x%02x", (unsigned)ch);
    }
    return 0;
}

static int check_weights(reader *r)
{
    double total = 0.0;

    if (r->K == 0)
        return stop(r, "expected at least one component, a line \"weight mean "
                       "variance\", got none");
    for (size_t k = 0; k < r->K; k++)
        total += r->weight[k];
    r->line = r->last;
    if (!(fabs(total - 1.0) <= 1e-9))
        return stop(r,
                    "field 1 (weight): expected weights that sum to 1 "
                    "within 1e-9 up to here, got %.10g",
                    total);
    return 0;
}

dm_mixture *dm_mixture_read_stream(FILE *in, const char *name, char *message,
                                   size_t size)
{
    reader *r = calloc(1, sizeof *r);
    dm_mixture *m = NULL;

    if (r == NULL) {
        snprintf(message, size, "%s: no memory", name);
        return NULL;
    }
    *r = (reader){ .in = in, .name = name, .message = message, .size = size };
    int status = skip_byte_order_mark(r);
    while (status == 0 && !r->at_end) {
        status = next_line(r);
        if (status == 0)
            status = read_line(r);
    }
    if (status == 0 && check_weights(r) == 0)
        m = dm_mixture_new(r->dim, r->K, r->weight, r->mean, r->cov);
    free(r);
    return m;
}

dm_mixture *dm_mixture_read(const char *path, char *message, size_t size)
{
    FILE *in = fopen(path, "rb");

    if (in == NULL) {
        snprintf(message, size, "%s: cannot open: %s", path, strerror(errno));
        return NULL;
    }
    dm_mixture *m = dm_mixture_read_stream(in, path, message, size);
    fclose(in);
    return m;
}
