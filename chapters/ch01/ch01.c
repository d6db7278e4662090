/* What the sections of chapter 1 share. */
#include "ch01.h"

dm_gaussian given(dm_level level, double x)
{
    return (dm_gaussian){ level.scale * x, level.variance };
}
