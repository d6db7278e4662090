"""The job of bench_engine.c in PyTorch on two threads, in two layouts.

Prints a line for each: nanoseconds a particle-step, a tab, its name.
"""
import torch

from eight import T, best, mixture, record

torch.set_num_threads(2)
torch.set_default_dtype(torch.float64)
torch.manual_seed(42)
N, FEW = 16384, 1000    # points that are timed, and walked to the end
table = torch.tensor(mixture())
weight, mean = table[:, 0], table[:, 1:3]
cov = table[:, [3, 4, 4, 5]].reshape(-1, 2, 2)
beta = torch.cat([torch.zeros(1), torch.linspace(1e-4, 0.02, T)])
abar = torch.cumprod(1.0 - beta, 0)


def level(t):
    """Means, precisions and log peaks at time t."""
    S = abar[t] * cov + (1.0 - abar[t]) * torch.eye(2)
    return (torch.sqrt(abar[t]) * mean, torch.linalg.inv(S),
            torch.log(weight) - 0.5 * torch.log(torch.linalg.det(S)))


def eps_points(x, t):
    """eps* of points x: [N, 2]."""
    m, P, peak = level(t)
    d = x[:, None, :] - m                           # [N, K, 2]
    g = torch.einsum("kij,nkj->nki", P, d)
    log_r = peak - 0.5 * torch.sum(d * g, dim=2)
    r = torch.exp(log_r - log_r.amax(dim=1, keepdim=True))
    r /= r.sum(dim=1, keepdim=True)
    return torch.sqrt(1.0 - abar[t]) * torch.einsum("nk,nki->ni", r, g)


def eps_arrays(x, t):
    """eps* of points x: [2, N], each coordinate an array of its own."""
    m, P, peak = level(t)
    dx = x[0] - m[:, 0, None]                       # [K, N]
    dy = x[1] - m[:, 1, None]
    gx = P[:, 0, 0, None] * dx + P[:, 0, 1, None] * dy
    gy = P[:, 0, 1, None] * dx + P[:, 1, 1, None] * dy
    log_r = peak[:, None] - 0.5 * (dx * gx + dy * gy)
    r = torch.exp(log_r - log_r.amax(dim=0))
    r /= r.sum(dim=0)
    return torch.sqrt(1.0 - abar[t]) * torch.stack([(r * gx).sum(dim=0),
                                              (r * gy).sum(dim=0)])


def sampler(eps, shape):
    """Points of N(0, I), and a function that walks them through times."""
    x = torch.randn(shape)

    def walk(times):
        for t in times:
            sigma = torch.sqrt(beta[t] * (1.0 - abar[t - 1]) / (1.0 - abar[t]))
            x[:] = (x - beta[t] / torch.sqrt(1.0 - abar[t]) * eps(x, t)
                    ) / torch.sqrt(1.0 - beta[t])
            x[:] += sigma * torch.randn(shape)

    return x, walk


for layout, eps, shape in [("points [N, 2]", eps_points, lambda n: (n, 2)),
                           ("coordinates [2, N]", eps_arrays, lambda n: (2, n))]:
    x, walk = sampler(eps, shape(FEW))
    walk(range(T, 0, -1))
    square = float(torch.sum(x * x)) / FEW
    ns = best(sampler(eps, shape(N))[1], N, range(T, 0, -T // 40))
    record(f"PyTorch {torch.__version__}, {layout}", ns, square)
