import type { Examples } from './dataset';
import { stream, type RandomStream } from './random';
import { memoryExamples } from './records';

/** A point in the plane and the part of the shape that it belongs to. */
interface Shape {
  /** Number of parts, which points are drawn from in turn. */
  parts: number;
  /** Standard deviation when the config gives none, in units of the coordinates. */
  noise: number;
  about: string;
  /** Uniform values u, v and standard normal values e, f decide the point. */
  point(part: number, u: number, v: number, e: number, f: number, noise: number): [number, number];
}

const turn = 2 * Math.PI;

const shapes = {
  moons: {
    parts: 2,
    noise: 0.05,
    about: 'two interleaved half circles of radius 1',
    // The geometry of scikit-learn's make_moons, with random instead of evenly spaced angles.
    point: (part, u, _v, e, f, noise) => {
      const angle = Math.PI * u;
      const [x, y] =
        part === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
      return [x + noise * e, y + noise * f];
    },
  },
  circles: {
    parts: 2,
    noise: 0.05,
    about: 'circles of radius 1 and ½ around the origin',
    point: (part, u, _v, e, f, noise) => {
      const radius = part === 0 ? 1 : 0.5;
      return [radius * Math.cos(turn * u) + noise * e, radius * Math.sin(turn * u) + noise * f];
    },
  },
  spirals: {
    parts: 2,
    noise: 0.1,
    about: 'two arms of 1½ turns, out to radius π',
    point: (part, u, _v, e, f, noise) => {
      // The square root spreads points evenly along the arm.
      const angle = 3 * Math.PI * Math.sqrt(u);
      const side = part === 0 ? 1 : -1;
      const radius = (side * angle) / 3;
      return [radius * Math.cos(angle) + noise * e, radius * Math.sin(angle) + noise * f];
    },
  },
  pinwheel: {
    parts: 5,
    noise: 0.1,
    about: 'five bent blades, as wide as the noise',
    point: (part, _u, _v, e, f, noise) => {
      const along = 1 + 0.3 * e;
      const across = noise * f;
      const angle = (turn * part) / 5 + 0.25 * Math.exp(along);
      return [
        2 * (along * Math.cos(angle) - across * Math.sin(angle)),
        2 * (along * Math.sin(angle) + across * Math.cos(angle)),
      ];
    },
  },
  checkerboard: {
    parts: 8,
    noise: 0,
    about: 'the eight dark squares of a 4×4 board on [−4, 4]²',
    point: (part, u, v, e, f, noise) => {
      const row = part >> 1;
      const column = 2 * (part & 1) + (row & 1);
      return [2 * (column + u) - 4 + noise * e, 2 * (row + v) - 4 + noise * f];
    },
  },
  gaussians: {
    parts: 8,
    noise: 0.2,
    about: 'eight normal distributions on a circle of radius 2',
    point: (part, _u, _v, e, f, noise) => [
      2 * Math.cos((turn * part) / 8) + noise * e,
      2 * Math.sin((turn * part) / 8) + noise * f,
    ],
  },
} satisfies Record<string, Shape>;

export type PlaneName = keyof typeof shapes;

/** Names of the built-in two-dimensional sets. */
export const planeNames = Object.keys(shapes) as PlaneName[];

export function isPlaneName(name: string): name is PlaneName {
  return Object.hasOwn(shapes, name);
}

/** What a set looks like, in a few words, and how many moons, circles, arms, blades or squares it has. */
export const planeFacts: Record<PlaneName, Pick<Shape, 'about' | 'parts'>> = shapes;

/**
 * Draws points of a built-in set, raw coordinates, [count, 2]. `labels` say which moon, circle, arm, blade or square.
 * @param noise standard deviation in units of the coordinates; each set has its own default
 */
export function drawPlane(name: PlaneName, seed: number, count = 20_000, noise?: number): Examples {
  const shape: Shape = shapes[name];
  const random: RandomStream = stream(seed, 'plane', name);
  const uniform = random.uniform(2 * count);
  const normal = random.normal(2 * count);
  const values = new Float32Array(2 * count);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const part = i % shape.parts;
    const [x, y] = shape.point(
      part,
      uniform[2 * i]!,
      uniform[2 * i + 1]!,
      normal[2 * i]!,
      normal[2 * i + 1]!,
      noise ?? shape.noise,
    );
    values[2 * i] = x;
    values[2 * i + 1] = y;
    labels[i] = part;
  }
  return memoryExamples(values, 2, labels);
}
