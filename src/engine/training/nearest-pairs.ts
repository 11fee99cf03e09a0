/** Which noise goes with which example of a batch, for flow matching along lines that seldom cross. */

/**
 * The same noise in an order in which the squared distances from the examples are least in all.
 * @param data, noise [size, D]
 */
export function nearestNoise(data: Float32Array, noise: Float32Array, size: number): Float32Array {
  const dim = data.length / size;
  const costs = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < dim; k++) sum += (data[i * dim + k]! - noise[j * dim + k]!) ** 2;
      costs[i * size + j] = sum;
    }
  }
  const ordered = new Float32Array(noise.length);
  cheapestMatching(costs, size).forEach((j, i) =>
    ordered.set(noise.subarray(j * dim, (j + 1) * dim), i * dim),
  );
  return ordered;
}

/**
 * The column that each row is matched with, one row each, so that the sum of the costs is least: by shortest augmenting paths
 * (Kuhn 1955; Jonker and Volgenant 1987). Takes up to n³ steps.
 * @param costs [n, n], row by row
 */
export function cheapestMatching(costs: Float64Array, n: number): Int32Array {
  const none = -1;
  // Prices keep every cost minus those of its row and its column at 0 or above, and matched ones at 0.
  const ofRow = new Float64Array(n);
  const ofColumn = new Float64Array(n);
  const matched = new Int32Array(n).fill(none);
  for (let start = 0; start < n; start++) {
    const distance = new Float64Array(n).fill(Infinity);
    const before = new Int32Array(n).fill(none);
    const reached: number[] = [];
    const isReached = new Uint8Array(n);
    let row = start;
    let length = 0;
    let column = none;
    for (;;) {
      let next = none;
      for (let j = 0; j < n; j++) {
        if (isReached[j]) continue;
        const through = length + costs[row * n + j]! - ofRow[row]! - ofColumn[j]!;
        if (through < distance[j]!) [distance[j], before[j]] = [through, column];
        if (next === none || distance[j]! < distance[next]!) next = j;
      }
      column = next;
      length = distance[column]!;
      if (matched[column] === none) break;
      isReached[column] = 1;
      reached.push(column);
      row = matched[column]!;
    }
    ofRow[start]! += length;
    for (const j of reached) {
      ofRow[matched[j]!]! += length - distance[j]!;
      ofColumn[j]! -= length - distance[j]!;
    }
    // The path is turned over: each row on it takes the column after it.
    for (let j = column; j !== none; j = before[j]!) {
      matched[j] = before[j] === none ? start : matched[before[j]!]!;
    }
  }
  const columns = new Int32Array(n);
  matched.forEach((i, j) => (columns[i] = j));
  return columns;
}
