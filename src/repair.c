#include "repair.h"

#include <stdio.h>
#include <string.h>

enum { POOL = 400, PLACES = 300 };

/* Nodes of changed trees, used again for each change. */
typedef struct {
    dm_tex node[POOL];
    size_t used;
} pool;

static dm_tex *copy(pool *p, const dm_tex *from)
{
    if (p->used == POOL)
        return NULL;
    p->node[p->used] = *from;
    memset(&p->node[p->used].memo, 0, sizeof from->memo); /* of another node */
    return &p->node[p->used++];
}

static dm_tex *make(pool *p, dm_tex_kind kind, const dm_tex *a, const dm_tex *b)
{
    dm_tex node = { .kind = kind, .n = (size_t)(1 + (b != NULL)) };

    node.child[0] = (dm_tex *)a;
    node.child[1] = (dm_tex *)b;
    return copy(p, &node);
}

static dm_tex *number(pool *p, double x)
{
    dm_tex node = { .kind = DM_TEX_NUMBER, .number = x };
    return copy(p, &node);
}

/* --- the changes -------------------------------------------------------------- */

static int is_number(const dm_tex *tree, double x)
{
    return tree->kind == DM_TEX_NUMBER && tree->number == x;
}

static dm_tex *root(pool *p, const dm_tex *old)
{
    if (old->kind == DM_TEX_FUNCTION && strcmp(old->name, "sqrt") == 0)
        return copy(p, old->child[0]);
    if (is_number(old, 0.0) || is_number(old, 1.0)) /* no change */
        return NULL;
    dm_tex *new = make(p, DM_TEX_FUNCTION, old, NULL);
    if (new != NULL)
        strcpy(new->name, "sqrt");
    return new;
}

static dm_tex *square(pool *p, const dm_tex *old)
{
    if (old->kind == DM_TEX_POWER && is_number(old->child[1], 2.0))
        return copy(p, old->child[0]);
    if (is_number(old, 0.0) || is_number(old, 1.0))
        return NULL;
    return make(p, DM_TEX_POWER, old, number(p, 2.0));
}

static dm_tex *sign(pool *p, const dm_tex *old)
{
    if (old->kind == DM_TEX_NEGATE)
        return copy(p, old->child[0]);
    if (old->kind == DM_TEX_ADD || old->kind == DM_TEX_SUBTRACT)
        return make(p, old->kind == DM_TEX_ADD ? DM_TEX_SUBTRACT : DM_TEX_ADD,
                    old->child[0], old->child[1]);
    return make(p, DM_TEX_NEGATE, old, NULL);
}

static dm_tex *twice(pool *p, const dm_tex *old)
{
    return make(p, DM_TEX_MULTIPLY, number(p, 2.0), old);
}

static dm_tex *half(pool *p, const dm_tex *old)
{
    return make(p, DM_TEX_DIVIDE, old, number(p, 2.0));
}

static dm_tex *rest_of_one(pool *p, const dm_tex *old)
{
    if (old->kind == DM_TEX_SUBTRACT && is_number(old->child[0], 1.0))
        return copy(p, old->child[1]);
    return make(p, DM_TEX_SUBTRACT, number(p, 1.0), old);
}

/* t - 1 for t in the index of a symbol, or t for t - 1. */
static dm_tex *shifted(pool *p, const dm_tex *old)
{
    if (old->kind != DM_TEX_SYMBOL || old->n == 0)
        return NULL;
    const dm_tex *index = old->child[0];
    dm_tex *new = copy(p, old);
    if (new == NULL)
        return NULL;
    if (index->kind == DM_TEX_SUBTRACT && is_number(index->child[1], 1.0)) {
        new->child[0] = index->child[0];
        snprintf(new->index, sizeof new->index, "%s", index->child[0]->name);
    } else if (index->kind == DM_TEX_SYMBOL) {
        new->child[0] = make(p, DM_TEX_SUBTRACT, index, number(p, 1.0));
        snprintf(new->index, sizeof new->index, "%.50s-1", index->name);
    } else {
        return NULL;
    }
    return new->child[0] == NULL ? NULL : new;
}

static dm_tex *barred(pool *p, const dm_tex *old)
{
    if (old->kind != DM_TEX_SYMBOL)
        return NULL;
    dm_tex *new = copy(p, old);
    if (new == NULL)
        return NULL;
    if (strncmp(old->name, "\\bar", 4) == 0)
        snprintf(new->name, sizeof new->name, "%s",
                 old->name + 4 + strspn(old->name + 4, " "));
    else
        snprintf(new->name, sizeof new->name, "\\bar%s%.50s",
                 old->name[0] == '\\' ? "" : " ", old->name);
    return new;
}

static dm_tex *exchanged(pool *p, const dm_tex *old)
{
    if (old->n != 2 ||
        (old->kind != DM_TEX_CALL && old->kind != DM_TEX_DIVIDE &&
         old->kind != DM_TEX_SUBTRACT && old->kind != DM_TEX_KL))
        return NULL;
    dm_tex *new = copy(p, old);
    if (new != NULL) {
        new->child[0] = old->child[1];
        new->child[1] = old->child[0];
    }
    return new;
}

static dm_tex *(*const changes[])(pool *p, const dm_tex *old) = {
    shifted, barred, root, square, sign, twice, half, rest_of_one, exchanged,
};

/* --- places ------------------------------------------------------------------- */

/* Lists the nodes of a tree, children before parents: small changes first. */
static void list(const dm_tex *tree, const dm_tex *place[PLACES], size_t *n)
{
    for (size_t i = 0; i < tree->n; i++)
        if (tree->kind != DM_TEX_SYMBOL) /* an index is not a place */
            list(tree->child[i], place, n);
    if (*n < PLACES)
        place[(*n)++] = tree;
}

/* The tree with one node replaced; shares all that does not change. */
static const dm_tex *replaced(pool *p, const dm_tex *tree, const dm_tex *old,
                              const dm_tex *new)
{
    if (tree == old)
        return new;
    for (size_t i = 0; i < tree->n; i++) {
        const dm_tex *child = replaced(p, tree->child[i], old, new);
        if (child == NULL || child == tree->child[i])
            continue;
        dm_tex *changed = copy(p, tree);
        if (changed != NULL)
            changed->child[i] = (dm_tex *)child;
        return changed;
    }
    return tree;
}

static void write_change(const dm_tex *old, const dm_tex *new, char *text,
                         size_t size)
{
    char before[200], after[200];

    dm_tex_write(old, before, sizeof before);
    dm_tex_write(new, after, sizeof after);
    snprintf(text, size, "%s for %s", after, before);
}

enum { CHANGES = sizeof changes / sizeof *changes };

static pool nodes; /* of the tree that is returned or asked about */

const dm_tex *dm_repair_change(const dm_tex *tree, size_t n, char *text,
                               size_t size)
{
    const dm_tex *place[PLACES];
    size_t places = 0;

    list(tree, place, &places);
    for (size_t k = 0; k < CHANGES * places; k++) {
        nodes.used = 0;
        const dm_tex *old = place[k / CHANGES];
        const dm_tex *new = changes[k % CHANGES](&nodes, old);
        if (new == NULL || n-- > 0)
            continue;
        write_change(old, new, text, size);
        return replaced(&nodes, tree, old, new);
    }
    return NULL;
}

/* Tries the changes of one side, each at all places before the next. */
static int mend_side(const dm_tex *a, const dm_tex *b, int left,
                     int (*holds)(void *context, const dm_tex *a,
                                  const dm_tex *b),
                     void *context, char *text, size_t size)
{
    const dm_tex *place[PLACES];
    size_t n = 0;

    list(left ? a : b, place, &n);
    for (size_t c = 0; c < CHANGES; c++)
        for (size_t i = n; i-- > 0;) {
            nodes.used = 0;
            const dm_tex *new = changes[c](&nodes, place[i]);
            if (new == NULL)
                continue;
            const dm_tex *side = replaced(&nodes, left ? a : b, place[i], new);
            if (side == NULL ||
                !holds(context, left ? side : a, left ? b : side))
                continue;
            write_change(place[i], new, text, size);
            return 1;
        }
    return 0;
}

/* The right side first: it is the one that was derived. */
int dm_repair(const dm_tex *a, const dm_tex *b,
              int (*holds)(void *context, const dm_tex *a, const dm_tex *b),
              void *context, char *text, size_t size)
{
    return mend_side(a, b, 0, holds, context, text, size) ||
           mend_side(a, b, 1, holds, context, text, size);
}
