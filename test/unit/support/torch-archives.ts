/** Archives of PyTorch, put together without it. */
import { zipSync } from 'fflate';
import type { NdArray } from '../../../src/protocol/tensors';
import { stridesOf } from '../../../src/base/shape';

type Tensors = Readonly<Record<string, NdArray<Float32Array>>>;

const bytesOf = ({ data }: NdArray<Float32Array>): Uint8Array =>
  new Uint8Array(Float32Array.from(data).buffer);
const integers = (values: readonly number[]): unknown => values.map((value) => ({ as_int: value }));

/** What torch.export.save writes, without the program. */
export function exportedArchive(tensors: Tensors): Uint8Array {
  const weights = Object.entries(tensors);
  const config = Object.fromEntries(
    weights.map(([name, { shape }], i) => [
      name,
      {
        ...{ path_name: `weight_${i}`, is_param: true, use_pickle: false },
        tensor_meta: {
          ...{ dtype: 7, sizes: integers(shape), strides: integers(stridesOf(shape)) },
          storage_offset: { as_int: 0 },
        },
      },
    ]),
  );
  const files = {
    ...Object.fromEntries(weights.map(([, tensor], i) => [`weight_${i}`, bytesOf(tensor)])),
    'model_weights_config.json': Buffer.from(JSON.stringify({ config })),
  };
  return zipSync(
    {
      ...Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`m/data/weights/${name}`, bytes])),
      'm/byteorder': Buffer.from('little'),
      'm/archive_format': Buffer.from('pt2'),
    },
    { level: 0 },
  );
}
