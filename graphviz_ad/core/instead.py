"""One table: what to write in the place of a function that has no rule, or that asks a traced value for its number."""

from __future__ import annotations

import numpy as np

INSTEAD = {
    # arrays made of traced values
    "np.array": "Write np.stack([...]) for a list; a traced value is an array already.",
    "np.asarray": "Write np.stack([...]) for a list; a traced value is an array already.",
    "np.asanyarray": "Write np.stack([...]) for a list; a traced value is an array already.",
    "np.ascontiguousarray": "Leave it out: a traced value is an array already.",
    "np.asfortranarray": "Leave it out: a traced value is an array already.",
    "np.asarray_chkfinite": "Leave it out, and test np.all(np.isfinite(x)).",
    "np.require": "Leave it out: a traced value is an array already.",
    "np.fromiter": "Write np.stack(list(values)).",
    "np.r_": "Write np.concatenate([np.atleast_1d(a), np.atleast_1d(b)]).",
    "np.c_": "Write np.column_stack([a, b]).",
    "np.full": "Write x * np.ones(shape).",
    "np.full_like": "Write x * np.ones_like(a).",
    "np.asmatrix": "Matrices have rules of their own: write arrays, and @ for the product.",
    "np.matrix": "Matrices have rules of their own: write arrays, and @ for the product.",
    "np.bmat": "Write np.block([[A, B], [C, D]]).",
    "np.arange": "Write start + step * np.arange(n).",
    # functions of functions
    "np.vectorize": "Call the function itself, with np.where in the place of `if`; or np.stack([f(v) for v in x]).",
    "np.frompyfunc": "Call the function itself, with np.where in the place of `if`; or np.stack([f(v) for v in x]).",
    "np.fromfunction": "Write f(*np.indices(shape)).",
    # methods of plain arrays
    "np.ndarray.dot": "Write a @ x.",
    "np.ndarray.item": "Index the array: a[i].",
    "np.ndarray.fill": "Write x * np.ones(shape).",
    "np.ndarray.__setitem__": "Write np.where(mask, x, a), or collect the pieces and np.stack them.",
    # in place
    "np.copyto": "Use the traced value itself, or np.where(mask, v, x).",
    "np.place": "Write np.where(mask, v, x).",
    "np.put": "Write np.where, or collect the pieces and np.stack them.",
    "np.putmask": "Write np.where(mask, v, x).",
    "np.fill_diagonal": "Write np.where(np.eye(n, dtype=bool), v, x).",
    "np.put_along_axis": "Write np.where, or collect the pieces and np.stack them.",
    "np.add.at": "Write out + (np.arange(len(out))[:, None] == indices) @ v.",
    "np.subtract.at": "Write out - (np.arange(len(out))[:, None] == indices) @ v.",
    "np.add.reduceat": "Write np.stack([np.sum(x[i:j]) for i, j in ...]).",
    "np.multiply.reduceat": "Write np.stack([np.prod(x[i:j]) for i, j in ...]).",
    "np.maximum.reduceat": "Write np.stack([np.max(x[i:j]) for i, j in ...]).",
    "np.minimum.reduceat": "Write np.stack([np.min(x[i:j]) for i, j in ...]).",
    # fits, counts and tables of values
    "np.polyfit": "Write np.linalg.solve(V.T @ V, V.T @ y) with V = x[:, None] ** np.arange(n)[::-1].",
    "np.poly1d": "Write np.polyval(coefficients, x).",
    "np.roots": "Roots of polynomials are steps of an iteration: write Newton's, or give it a rule with gad.custom.",
    "np.linalg.eig": "Its results may be complex; for a symmetric matrix write np.linalg.eigh(A).",
    "np.linalg.eigvals": "Its results may be complex; for a symmetric matrix write np.linalg.eigvalsh(A).",
    # texts and files
    "np.save": "Save gad.detach(x).",
    "np.savez": "Save gad.detach(x).",
    "np.savez_compressed": "Save gad.detach(x).",
    "np.savetxt": "Save gad.detach(x).",
    "np.array2string": "Write str(x) or f'{x}'.",
    "np.array_str": "Write str(x).",
    "np.array_repr": "Write repr(x).",
    "np.format_float_positional": "Write f'{x:.3f}'.",
    "np.format_float_scientific": "Write f'{x:.3e}'.",
    "np.ndenumerate": "Write enumerate(x).",
    "np.nditer": "Write `for v in np.ravel(x)`.",
    # whole modules
    "np.ma.*": "Masked arrays have rules of their own: write np.where(mask, x, 0.0), or np.sum(x, where=mask).",
    "np.testing.*": "Test gad.detach(x).",
    "np.polynomial.*": "Write np.polyval(coefficients, x), or the sum itself.",
    "np.char.*": "Texts have no derivative: take it of gad.detach(x).",
    "np.strings.*": "Texts have no derivative: take it of gad.detach(x).",
    "np.random.normal": "Write loc + scale * rng.standard_normal(size): the draw is a constant of the graph.",
    "np.random.uniform": "Write low + (high - low) * rng.random(size): the draw is a constant of the graph.",
    "np.random.exponential": "Write scale * rng.standard_exponential(size): the draw is a constant of the graph.",
    "np.random.laplace": "Write loc + scale * rng.laplace(size=size): the draw is a constant of the graph.",
    "np.random.gumbel": "Write loc + scale * rng.gumbel(size=size): the draw is a constant of the graph.",
    "np.random.logistic": "Write loc + scale * rng.logistic(size=size): the draw is a constant of the graph.",
    "np.random.lognormal": "Write np.exp(mean + sigma * rng.standard_normal(size)): the draw is a constant.",
    "np.random.multivariate_normal": "Write mean + np.linalg.cholesky(cov) @ rng.standard_normal(n).",
    "np.random.permutation": "Write x[rng.permutation(len(x))].",
    "np.random.permuted": "Write x[rng.permutation(len(x))].",
    "np.random.shuffle": "Write x[rng.permutation(len(x))].",
    "np.random.choice": "Write x[rng.integers(len(x))]; for p= take gad.detach(p).",
    "np.random.*": "A draw has no derivative by its parameters: take them of gad.detach(x), or write the draw as a "
    "function of them and of noise.",
    # Python's own
    "math.pow": "Write x ** y.",
    "math.fsum": "Write np.sum(x).",
    "math.sumprod": "Write np.dot(x, y).",
    "math.dist": "Write np.linalg.norm(x - y).",
    "math.erf": "Write scipy.special.erf(x).",
    "math.erfc": "Write scipy.special.erfc(x).",
    "math.gamma": "Write scipy.special.gamma(x).",
    "math.lgamma": "Write scipy.special.gammaln(x).",
    "statistics.mean": "Write np.mean(x).",
    "statistics.fmean": "Write np.mean(x).",
    "statistics.geometric_mean": "Write np.exp(np.mean(np.log(x))).",
    "statistics.harmonic_mean": "Write 1 / np.mean(1 / x).",
    "statistics.median": "Write np.median(x).",
    "statistics.stdev": "Write np.std(x, ddof=1).",
    "statistics.pstdev": "Write np.std(x).",
    "statistics.variance": "Write np.var(x, ddof=1).",
    "statistics.pvariance": "Write np.var(x).",
    # SciPy
    "scipy.special.logsumexp": "Write gad.nn.logsumexp(x), or m + np.log(np.sum(np.exp(x - m))) with m = np.max(x).",
    "scipy.special.softmax": "Write gad.nn.softmax(x), or e / np.sum(e) with e = np.exp(x - np.max(x)).",
    "scipy.special.log_softmax": "Write gad.nn.log_softmax(x).",
    "scipy.special.polygamma": "Write scipy.special.digamma(x) for n = 0, or give it a rule with gad.custom.",
    "scipy.special.factorial": "Write scipy.special.gamma(n + 1).",
    "scipy.special.comb": "Write it with scipy.special.gammaln.",
    "scipy.special.binom": "Write it with scipy.special.gammaln.",
    "scipy.special.multigammaln": "Write the sum of scipy.special.gammaln(x - j / 2).",
    "scipy.linalg.expm": "For a symmetric matrix write w, V = np.linalg.eigh(A), then (V * np.exp(w)) @ V.T.",
    "scipy.linalg.cho_solve": "Write np.linalg.solve(A, b).",
    "scipy.linalg.cho_factor": "Write np.linalg.cholesky(A).",
    "scipy.linalg.solve_triangular": "Write np.linalg.solve(A, b).",
    "scipy.linalg.lu": "Write np.linalg.solve, np.linalg.det or np.linalg.slogdet.",
    "scipy.linalg.sqrtm": "For a symmetric matrix write w, V = np.linalg.eigh(A), then (V * np.sqrt(w)) @ V.T.",
    "scipy.linalg.logm": "For a symmetric matrix write w, V = np.linalg.eigh(A), then (V * np.log(w)) @ V.T.",
    "scipy.linalg.block_diag": "Write np.block([[A, zeros], [zeros, B]]).",
    "scipy.linalg.toeplitz": "Write c[np.abs(i[:, None] - i[None, :])] with i = np.arange(len(c)).",
    "scipy.signal.convolve": "Write np.convolve(x, k), or take gad.nn.conv1d.",
    "scipy.signal.fftconvolve": "Write np.convolve(x, k), or take gad.nn.conv1d.",
    "scipy.integrate.trapezoid": "Write np.trapezoid(y, x).",
    "scipy.integrate.*": "Write the steps of the method in NumPy: np.trapezoid, or a loop over the steps.",
    "scipy.interpolate.*": "Write np.interp(x, xp, fp), or give it a rule with gad.custom.",
    "scipy.optimize.*": "Call it outside, with gad.grad(f) as its jac=; what it finds is data.",
    "scipy.spatial.*": "Write np.sqrt(np.sum((x[:, None] - y[None, :]) ** 2, axis=-1)).",
    "scipy.sparse.*": "Write a dense array.",
    "scipy.stats.*": "Write the formula of the density in NumPy, with scipy.special.ndtr and gammaln.",
}
"""By what a user calls a function; ``module.*`` stands for all functions of a module that have no line of their own."""

_TWINS = {"math": np, "cmath": np, "scipy.linalg": np.linalg, "scipy.fft": np.fft}
"""Modules whose functions NumPy has too, under the same names."""


def instead(label: str) -> str:
    """What to write in the place of a function; "" where nothing is known.

    Examples
    --------
    >>> instead("np.full"), instead("math.sin"), instead("scipy.linalg.inv"), instead("np.ma.sum")[:13]
    ('Write x * np.ones(shape).', 'Write np.sin.', 'Write np.linalg.inv.', 'Masked arrays')
    """
    if label in INSTEAD:
        return INSTEAD[label]
    module, _, name = label.rpartition(".")
    twin = _TWINS.get(module)
    if module == "np.ndarray" and callable(getattr(np, name, None)):
        return f"Write np.{name}(a, ...)."
    if twin is not None and callable(getattr(twin, name, None)):
        return f"Write {twin.__name__.replace('numpy', 'np')}.{name}."
    while module:
        if f"{module}.*" in INSTEAD:
            return INSTEAD[f"{module}.*"]
        module = module.rpartition(".")[0]
    return ""
