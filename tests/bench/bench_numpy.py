"""The job of bench_engine.c in vectorised NumPy, in two layouts.

Prints a line for each: nanoseconds a particle-step, a tab, its name.
"""
import numpy as np

from eight import T, best, mixture, record

N, FEW = 16384, 1000    # points that are timed, and walked to the end
table = np.array(mixture())
weight, mean = table[:, 0], table[:, 1:3]
cov = table[:, [3, 4, 4, 5]].reshape(-1, 2, 2)
beta = np.concatenate([[0.0], np.linspace(1e-4, 0.02, T)])
abar = np.cumprod(1.0 - beta)
rng = np.random.default_rng(42)


def level(t):
    """Means, precisions and log peaks at time t."""
    S = abar[t] * cov + (1.0 - abar[t]) * np.eye(2)
    return (np.sqrt(abar[t]) * mean, np.linalg.inv(S),
            np.log(weight) - 0.5 * np.log(np.linalg.det(S)))


def eps_points(x, t):
    """eps* of points x: [N, 2]."""
    m, P, peak = level(t)
    d = x[:, None, :] - m                           # [N, K, 2]
    g = np.einsum("kij,nkj->nki", P, d)
    log_r = peak - 0.5 * np.sum(d * g, axis=2)
    r = np.exp(log_r - log_r.max(axis=1, keepdims=True))
    r /= r.sum(axis=1, keepdims=True)
    return np.sqrt(1.0 - abar[t]) * np.einsum("nk,nki->ni", r, g)


def eps_arrays(x, t):
    """eps* of points x: [2, N], each coordinate an array of its own."""
    m, P, peak = level(t)
    dx = x[0] - m[:, 0, None]                       # [K, N]
    dy = x[1] - m[:, 1, None]
    gx = P[:, 0, 0, None] * dx + P[:, 0, 1, None] * dy
    gy = P[:, 0, 1, None] * dx + P[:, 1, 1, None] * dy
    log_r = peak[:, None] - 0.5 * (dx * gx + dy * gy)
    r = np.exp(log_r - log_r.max(axis=0))
    r /= r.sum(axis=0)
    return np.sqrt(1.0 - abar[t]) * np.stack([(r * gx).sum(axis=0),
                                              (r * gy).sum(axis=0)])


def sampler(eps, shape):
    """Points of N(0, I), and a function that walks them through times."""
    x = rng.standard_normal(shape)

    def walk(times):
        for t in times:
            sigma = np.sqrt(beta[t] * (1.0 - abar[t - 1]) / (1.0 - abar[t]))
            x[:] = (x - beta[t] / np.sqrt(1.0 - abar[t]) * eps(x, t)
                    ) / np.sqrt(1.0 - beta[t])
            x[:] += sigma * rng.standard_normal(shape)

    return x, walk


for layout, eps, shape in [("points [N, 2]", eps_points, lambda n: (n, 2)),
                           ("coordinates [2, N]", eps_arrays, lambda n: (2, n))]:
    x, walk = sampler(eps, shape(FEW))
    walk(range(T, 0, -1))
    square = np.sum(x * x) / FEW
    ns = best(sampler(eps, shape(N))[1], N, range(T, 0, -T // 40))
    record(f"NumPy {np.__version__}, {layout}", ns, square)
