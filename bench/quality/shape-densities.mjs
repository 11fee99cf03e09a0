// The densities of the built-in 2-D sets, written down apart from the product's code, and their entropies by quadrature.
import { normal, uniform } from './known-entropy.mjs';

const turn = 2 * Math.PI;

const gauss = (square, deviation) => Math.exp(-square / (2 * deviation ** 2)) / (turn * deviation ** 2);

/** Evenly spaced middles of cells between two ends. */
const middles = (low, high, count) =>
  Float64Array.from({ length: count }, (_, i) => low + ((i + 0.5) * (high - low)) / count);

/** Points of normal noise around curves, each given by places [x, y, weight] whose weights sum to 1. */
function around(places, noise, box) {
  const reach = 7 * noise;
  return {
    box,
    cell: noise / 4,
    density(x, y) {
      let sum = 0;
      for (const [px, py, weight] of places) {
        const [dx, dy] = [x - px, y - py];
        if (Math.abs(dx) < reach && Math.abs(dy) < reach) sum += weight * gauss(dx * dx + dy * dy, noise);
      }
      return sum;
    },
    draw(random, gaussian) {
      let rest = random();
      const [x, y] = places.find(([, , weight]) => (rest -= weight) < 0) ?? places.at(-1);
      return [x + noise * gaussian(), y + noise * gaussian()];
    },
  };
}

/** Fine beside the noise: neighbors on a curve are a small part of a deviation apart. */
const nodes = 1500;

function moons() {
  const angles = [...middles(0, Math.PI, nodes)];
  const weight = 0.5 / nodes;
  const places = angles.flatMap((a) => [
    [Math.cos(a), Math.sin(a), weight],
    [1 - Math.cos(a), 0.5 - Math.sin(a), weight],
  ]);
  return around(places, 0.05, [-1.4, 2.4, -0.9, 1.4]);
}

function circles() {
  const places = [...middles(0, turn, nodes)].flatMap((a) =>
    [1, 0.5].map((radius) => [radius * Math.cos(a), radius * Math.sin(a), 0.5 / nodes]),
  );
  return around(places, 0.05, [-1.4, 1.4, -1.4, 1.4]);
}

function spirals() {
  // Angles 3π·√u have the density 2a / (3π)².
  const end = 3 * Math.PI;
  const places = [...middles(0, end, nodes)].flatMap((a) =>
    [1, -1].map((side) => {
      const radius = (side * a) / 3;
      return [radius * Math.cos(a), radius * Math.sin(a), a / end / nodes];
    }),
  );
  return around(places, 0.1, [-4, 4, -4, 4]);
}

function gaussians() {
  const places = Array.from({ length: 8 }, (_, i) => [
    2 * Math.cos((turn * i) / 8),
    2 * Math.sin((turn * i) / 8),
    1 / 8,
  ]);
  return around(places, 0.2, [-3.6, 3.6, -3.6, 3.6]);
}

function checkerboard() {
  return {
    entropy: Math.log(32),
    density(x, y) {
      const [column, row] = [Math.floor((x + 4) / 2), Math.floor((y + 4) / 2)];
      const inside = column >= 0 && column < 4 && row >= 0 && row < 4;
      return inside && (column - row) % 2 === 0 ? 1 / 32 : 0;
    },
    draw(random) {
      const part = Math.floor(8 * random());
      const row = part >> 1;
      return [2 * (2 * (part & 1) + (row & 1) + random()) - 4, 2 * (row + random()) - 4];
    },
  };
}

/**
 * A blade is (a, c) = (1 + 0.3·e, 0.1·f), turned by its own angle and 0.25·eᵃ, times 2. At a point, a solves one equation, whose
 * roots are looked for between close neighbors; there the map stretches areas by 4·0.03·|1 − 0.25·eᵃ·c|.
 */
function pinwheel() {
  const [alongs, acrosses] = [0.3, 0.1];
  const reach = 6;
  const scan = 240;
  const angleOf = (blade, a) => (turn * blade) / 5 + 0.25 * Math.exp(a);
  const at = (blade, e, f) => {
    const [a, c] = [1 + alongs * e, acrosses * f];
    const angle = angleOf(blade, a);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [2 * (a * cos - c * sin), 2 * (a * sin + c * cos)];
  };
  const ofBlade = (blade, x, y) => {
    const turned = (a) => {
      const angle = angleOf(blade, a);
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      return [(x * cos + y * sin) / 2, (-x * sin + y * cos) / 2];
    };
    const off = (a) => turned(a)[0] - a;
    let sum = 0;
    let before = 1 - reach * alongs;
    let offBefore = off(before);
    for (let k = 1; k <= scan; k++) {
      const next = 1 + alongs * reach * ((2 * k) / scan - 1);
      const offNext = off(next);
      if (offBefore < 0 !== offNext < 0) {
        let [low, high] = [before, next];
        for (let i = 0; i < 40; i++) {
          const middle = (low + high) / 2;
          if (off(middle) < 0 === offBefore < 0) low = middle;
          else high = middle;
        }
        const a = (low + high) / 2;
        const c = turned(a)[1];
        const stretch = 4 * alongs * acrosses * Math.abs(1 - 0.25 * Math.exp(a) * c);
        sum += gauss(((a - 1) / alongs) ** 2 + (c / acrosses) ** 2, 1) / stretch;
      }
      [before, offBefore] = [next, offNext];
    }
    return sum;
  };
  const density = (x, y) => [0, 1, 2, 3, 4].reduce((sum, blade) => sum + ofBlade(blade, x, y), 0) / 5;
  return {
    density,
    draw: (random, gaussian) => at(Math.floor(5 * random()), gaussian(), gaussian()),
    // All blades are alike, so the mean of −ln p over one: the trapezoidal rule, exact for what falls off as a normal does.
    get entropy() {
      const step = 0.1;
      let sum = 0;
      for (let e = -reach; e <= reach; e += step)
        for (let f = -reach; f <= reach; f += step)
          sum -= gauss(e * e + f * f, 1) * Math.log(density(...at(0, e, f)));
      return sum * step * step;
    },
  };
}

const makers = { moons, circles, spirals, pinwheel, checkerboard, gaussians };
export const shapeNames = Object.keys(makers);

/** Nats; by the sum over a grid of −p·ln p, for densities that are smooth beside its cells. */
function entropyOnGrid({ box: [left, right, bottom, top], cell, density }) {
  let sum = 0;
  for (let x = left; x < right; x += cell)
    for (let y = bottom; y < top; y += cell) {
      const p = density(x, y);
      if (p > 1e-300) sum -= p * Math.log(p);
    }
  return sum * cell * cell;
}

/** @returns entropy in nats, and points with the true −ln p of each */
export function shape(name) {
  const made = makers[name]();
  return {
    name,
    entropy: made.entropy ?? entropyOnGrid(made),
    draw(count, seed) {
      const random = uniform(seed);
      const gaussian = normal(random);
      const values = new Float32Array(2 * count);
      const nll = Float64Array.from({ length: count }, (_, i) => {
        const [x, y] = made.draw(random, gaussian);
        values.set([x, y], 2 * i);
        return -Math.log(made.density(x, y));
      });
      return { values, nll };
    },
  };
}
