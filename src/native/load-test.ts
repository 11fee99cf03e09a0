/** Loads the add-on in a process of its own and multiplies two matrices: a library that crashes takes only that one along. */
import { runNode } from './run-command';

/** Plain JavaScript, given to `node -e`: it must not depend on any of our files. */
const program = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value == null;
const tf = require(process.argv[1]);
const matrix = (values, shape) => tf.createTensor(shape, tf.TF_FLOAT, new Float32Array(values));
const flag = (name) => ({ name, type: tf.TF_ATTR_BOOL, value: false });
const [product] = tf.executeOp('MatMul',
  [flag('transpose_a'), flag('transpose_b'), { name: 'T', type: tf.TF_ATTR_TYPE, value: tf.TF_FLOAT }],
  [matrix([1, 2, 3, 4, 5, 6], [2, 3]), matrix([1, 0, 0, 1, 1, 1], [3, 2])], 1);
const values = Array.from(tf.tensorDataSync(product.id));
if (values.join() !== '4,5,10,11') throw new Error('error: the product of two matrices is wrong: ' + values);
console.log(tf.TF_Version);
`;

/** Resolves to the version that the library reports. Throws where it does not load or computes wrongly. */
export async function loadTest(binding: string, signal?: AbortSignal): Promise<string> {
  const output = await runNode(program, binding, {
    env: { TF_CPP_MIN_LOG_LEVEL: '2' },
    signal,
    timeout: 120_000,
  });
  return output.split(/\s+/).at(-1)!;
}
