/* printf_like.h -- lets the compiler check the arguments of functions that
 * take a format: DM_PRINTF(position of the format, of its first argument). */
#ifndef DM_PRINTF_LIKE_H
#define DM_PRINTF_LIKE_H

#ifdef __GNUC__
#define DM_PRINTF(format_at, first_at)                                         \
    __attribute__((format(printf, format_at, first_at)))
#else
#define DM_PRINTF(format_at, first_at)
#endif

#endif
