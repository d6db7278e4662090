/* formula_page.h -- a page of formulas in a few words, for the tests of the
 * rooms that evaluate them.
 */
#ifndef FORMULA_PAGE_H
#define FORMULA_PAGE_H

#include <math.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <gsl/gsl_errno.h>

#include "expression.h"
#include "latex.h"

static dm_page *page;
static dm_tex_reader *reader;
static const char *pending; /* the function that is being defined */

static int is_function(void *context, const char *name)
{
    return (pending != NULL && strcmp(name, pending) == 0) ||
           dm_page_is_function(context, name);
}

/* A hard integral is a reason and no abort, as in the proofreader. */
static void open_page(void)
{
    gsl_set_error_handler_off();
    page = dm_page_new(7);
    reader = dm_tex_new(is_function, page);
    cr_assert(page != NULL && reader != NULL);
}

static void close_page(void)
{
    dm_page_free(page);
    dm_tex_free(reader);
}

static const dm_tex *tree(const char *text)
{
    const char *why;
    size_t at;
    const dm_tex *t = dm_tex_read(reader, text, strlen(text), &why, &at);

    cr_assert(t != NULL, "%s: %s", text, why);
    return t;
}

static void declare(dm_sort sort, const char *symbol, int sequence,
                    const char *low, const char *high)
{
    cr_assert(eq(int,
                 dm_page_declare(page, sort, tree(symbol), sequence,
                                 low == NULL ? NULL : tree(low),
                                 high == NULL ? NULL : tree(high)),
                 1));
}

static void number_in(const char *symbol, const char *low, const char *high)
{
    declare(DM_FREE, symbol, 0, low, high);
}

static void normal(const char *symbol)
{
    declare(DM_NORMAL, symbol, 0, NULL, NULL);
}

static void define(const char *left, const char *right)
{
    const dm_tex *a = tree(left);
    cr_assert(eq(int, dm_page_define(page, a, tree(right)), 1));
}

static void define_function(const char *name, const char *left,
                            const char *right)
{
    pending = name;
    const dm_tex *a = tree(left);
    pending = NULL;
    cr_assert(eq(int, dm_page_define(page, a, tree(right)), 1));
}

static dm_value value(const char *text)
{
    dm_value v = { .x = NAN, .error = NAN };

    cr_expect(eq(int, dm_page_value(page, tree(text), &v), 1), "%s: %s", text,
              dm_page_why(page));
    return v;
}

static double number(const char *text)
{
    return value(text).x;
}

#endif
