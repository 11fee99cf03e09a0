/**
 * Minimal filtering F(4, 3): four results in a row of a filter of three taps from six products, where the sum itself takes
 * twelve. y = A((G·g) ⊙ (B·d)) for taps g and six values d (Winograd 1980; Lavin and Gray 2016 in two dimensions). B
 * multiplies out what Lagrange's formula has below the line, so that A and B are exact in float32.
 */
import type { ConstantData } from '../ir';

/** Results that are computed together. */
export const tile = 4;
export const taps = 3;
export const products = tile + taps - 1;

/**
 * Where the polynomials are evaluated, besides infinity. Among small numbers these round best: 2.6 times what the
 * sum itself is rounded by, where the usual 0, ±1, ±2 make 3.9.
 */
const points = [0, 3 / 4, -3 / 4, 3 / 2, -3 / 2];

/** Coefficients of ∏ (x − p), lowest first. */
function polynomial(roots: readonly number[]): number[] {
  return roots.reduce<number[]>(
    (coefficients, root) => [0, ...coefficients].map((lower, i) => lower - root * (coefficients[i] ?? 0)),
    [1],
  );
}

/** All points but one. */
const others = (k: number): number[] => points.filter((_, i) => i !== k);
const product = (values: readonly number[]): number => values.reduce((a, b) => a * b, 1);

/** G [6, 3]: filters on their way into the products. */
const filterRows: readonly (readonly number[])[] = [
  ...points.map((point, k) =>
    Array.from({ length: taps }, (_, i) => point ** i / product(others(k).map((other) => point - other))),
  ),
  [0, 0, 1],
];

/** B [6, 6]: values on their way into the products. */
const valueRows: readonly (readonly number[])[] = [
  ...points.map((_, k) => [...polynomial(others(k)), 0]),
  polynomial(points),
];

/** A [4, 6]: results of the products. */
const resultRows: readonly (readonly number[])[] = Array.from({ length: tile }, (_, i) => [
  ...points.map((point) => point ** i),
  Number(i === tile - 1),
]);

/**
 * What has to be added to the products for 1 to be added to each of the four results: what Lagrange's formula on four of the
 * points says of a polynomial's value at 1.
 */
const [, ...four] = points;
const onePerResult = [
  0,
  ...four.map((point) =>
    product(four.filter((other) => other !== point).map((other) => (1 - other) / (point - other))),
  ),
  0,
];

/** Which of a tile's values, products or results lie next to each other. */
export type Order = 'tile by tile' | 'product by product';

/**
 * [height / 4 · 6, height]: the values of all tiles along an axis that is padded with one zero at each end, on their way into
 * the products.
 */
export function valueMatrix(height: number, order: Order): Float32Array {
  const matrix = new Float32Array((height / tile) * products * height);
  for (const { product, tileAt, row } of productsOf(height, order)) {
    valueRows[product]!.forEach((value, i) => {
      const at = tileAt * tile - 1 + i;
      if (at >= 0 && at < height) matrix[row * height + at] = value;
    });
  }
  return matrix;
}

/** [4, 6]: the results of a tile. */
export const resultMatrix = (): Float32Array => Float32Array.from(resultRows.flat());

/** [height, height / 4 · 6]: the results of all tiles, of their products product by product. */
export function resultsMatrix(height: number): Float32Array {
  const columns = (height / tile) * products;
  const matrix = new Float32Array(height * columns);
  for (const { product, tileAt, row } of productsOf(height, 'product by product'))
    resultRows.forEach((values, i) => (matrix[(tileAt * tile + i) * columns + row] = values[product]!));
  return matrix;
}

/** [6, 3]: the taps of a filter on their way into the products. */
export const filterMatrix = (): Float32Array => Float32Array.from(filterRows.flat());

/** Rows [columns, rows] of a matrix [rows, columns]. */
export function transposed(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns;
  return Float32Array.from(
    { length: matrix.length },
    (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!,
  );
}

function productsOf(height: number, order: Order): { product: number; tileAt: number; row: number }[] {
  const tiles = height / tile;
  return Array.from({ length: tiles * products }, (_, i) => {
    const [tileAt, product] = [Math.floor(i / products), i % products];
    return { product, tileAt, row: order === 'tile by tile' ? i : product * tiles + tileAt };
  });
}

/** A filter [3, width, C, K] → six of [width, C, K], the rows of which became one number each. */
export function filterProducts(filter: ConstantData): Float32Array[] {
  const size = filter.length / taps;
  return filterRows.map(([first, second, third]) => {
    // A loop, since a large flow has twenty million of them.
    const products = new Float32Array(size);
    for (let i = 0; i < size; i++)
      products[i] = first! * filter[i]! + second! * filter[size + i]! + third! * filter[2 * size + i]!;
    return products;
  });
}

/** A bias [K] → [6 · K], to be added to the products. */
export function biasProducts(bias: ConstantData): Float32Array {
  return Float32Array.from(onePerResult.flatMap((share) => Array.from(bias, (value) => share * value)));
}
