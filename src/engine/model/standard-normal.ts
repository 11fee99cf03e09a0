/**
 * ln N(z; 0, 1) in nats of each example.
 * @param z [N, …] row-major
 * @param size values of an example
 */
export function standardNormal(z: Float32Array, size: number): Float32Array {
  const constant = size * Math.log(2 * Math.PI);
  return Float32Array.from({ length: z.length / size }, (_, i) => {
    let squares = 0;
    for (let k = i * size; k < (i + 1) * size; k++) squares += z[k]! * z[k]!;
    return -0.5 * (squares + constant);
  });
}
