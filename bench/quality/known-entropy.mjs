// Synthetic distributions whose entropy is known in closed form: Gaussians under random affine maps and simple warps.
// A density model's expected NLL is the entropy plus its divergence from the truth, so it cannot come out below.

/** mulberry32: small, seeded, good enough to draw test data that no product code has a part in. */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function normal(random) {
  let spare;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** A random orthogonal matrix (Gram–Schmidt on Gaussian rows), row-major. */
function orthogonal(dim, gaussian) {
  const rows = [];
  while (rows.length < dim) {
    const row = Float64Array.from({ length: dim }, gaussian);
    for (const other of rows) {
      let dot = 0;
      for (let i = 0; i < dim; i++) dot += row[i] * other[i];
      for (let i = 0; i < dim; i++) row[i] -= dot * other[i];
    }
    const length = Math.hypot(...row);
    if (length > 1e-6) rows.push(row.map((v) => v / length));
  }
  return rows;
}

/** An affine map U·diag(d)·V with d log-uniform in [1/spread, spread]; ln|det| = Σ ln d. */
function affine(dim, spread, seed) {
  const random = uniform(seed);
  const gaussian = normal(random);
  const u = orthogonal(dim, gaussian);
  const v = orthogonal(dim, gaussian);
  const logs = Array.from({ length: dim }, () => (2 * random() - 1) * Math.log(spread));
  const shift = Array.from({ length: dim }, () => 3 * gaussian());
  const matrix = u.map((row) =>
    Float64Array.from({ length: dim }, (_, j) =>
      row.reduce((sum, value, k) => sum + value * Math.exp(logs[k]) * v[k][j], 0),
    ),
  );
  return {
    logDet: logs.reduce((a, b) => a + b, 0),
    apply: (x) => matrix.map((row, i) => row.reduce((sum, value, j) => sum + value * x[j], shift[i])),
  };
}

/** What the standard normal sample goes through; each step gives the mean of its log-det over that sample. */
const warps = {
  none: () => ({ logDet: () => 0, apply: (x) => x }),
  // Volume-preserving shear: every other coordinate is bent by the square of its neighbour.
  banana: () => ({
    logDet: () => 0,
    apply: (x) => x.map((v, i) => (i % 2 === 1 ? v + 0.5 * (x[i - 1] * x[i - 1] - 1) : v)),
  }),
  // Volume-preserving shear by a sine of the neighbour before.
  wave: () => ({
    logDet: () => 0,
    apply: (x) => x.map((v, i) => (i > 0 && i % 2 === 1 ? v + Math.sin(2 * x[i - 1]) : v)),
  }),
  // Heavy tails: sinh of each coordinate; ln cosh is its log-derivative.
  sinh: () => ({
    logDet: (x) => x.reduce((sum, v) => sum + Math.log(Math.cosh(v)), 0),
    apply: (x) => x.map(Math.sinh),
  }),
};

/** E ln cosh of a standard normal, by the trapezoidal rule, which converges fast for smooth integrands. */
function meanLogCosh() {
  let sum = 0;
  const step = 1e-3;
  for (let x = -12; x <= 12; x += step) sum += Math.log(Math.cosh(x)) * Math.exp((-x * x) / 2);
  return (sum * step) / Math.sqrt(2 * Math.PI);
}

/**
 * @returns {{name: string, dim: number, entropy: number, draw: (count: number, seed: number) => {values: Float32Array, nll: Float64Array}}}
 * entropy in nats; `nll` is the true −ln p of each drawn point.
 */
export function distribution({ dim, warp, spread, seed }) {
  const bend = warps[warp]();
  const map = affine(dim, spread, seed);
  const gaussianEntropy = (dim / 2) * Math.log(2 * Math.PI * Math.E);
  const entropy = gaussianEntropy + (warp === 'sinh' ? dim * meanLogCosh() : 0) + map.logDet;
  return {
    name: `${warp === 'none' ? 'affine' : `affine-${warp}`}-${dim}`,
    dim,
    entropy,
    draw(count, drawSeed) {
      const gaussian = normal(uniform(drawSeed));
      const values = new Float32Array(count * dim);
      const nll = new Float64Array(count);
      for (let n = 0; n < count; n++) {
        const x = Float64Array.from({ length: dim }, gaussian);
        let square = 0;
        for (const v of x) square += v * v;
        nll[n] = (dim / 2) * Math.log(2 * Math.PI) + square / 2 + bend.logDet(x) + map.logDet;
        values.set(map.apply(bend.apply(Array.from(x))), n * dim);
      }
      return { values, nll };
    },
  };
}

export const cases = [
  { dim: 2, warp: 'none' },
  { dim: 2, warp: 'banana' },
  { dim: 6, warp: 'none' },
  { dim: 6, warp: 'wave' },
  { dim: 16, warp: 'banana' },
  { dim: 16, warp: 'sinh' },
  { dim: 32, warp: 'none' },
  { dim: 63, warp: 'none' },
  { dim: 63, warp: 'banana' },
].map((entry, i) => ({ ...entry, spread: 2, seed: 100 + i }));
