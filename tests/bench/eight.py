"""What the NumPy and the PyTorch program share: the job and its record.

The job is that of bench_engine.c: the ancestral sampler of DDPM with variance
beta-tilde, T = 1000 linear steps, eight bumps with full covariances, float64.
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
T = 1000


def mixture():
    """The rows weight, mean_x, mean_y, var_x, cov_xy, var_y."""
    rows = []
    with open(os.path.join(HERE, "mixture-eight.2d.txt")) as lines:
        for line in lines:
            fields = line.split("#")[0].split()
            if fields:
                rows.append([float(f) for f in fields])
    return rows


def best(walk, particles, times):
    """Nanoseconds a particle-step of walk(times), the best of three."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        walk(times)
        seconds.append(time.perf_counter() - start)
    return min(seconds) / particles / len(times) * 1e9


def record(name, ns, square):
    """One line for bench_engine.c; the mean square shows that it works."""
    print(f"{ns:.1f}\t{name}", flush=True)
    print(f"{name}: E|x_0|^2 = {square:.3f}", file=sys.stderr)
