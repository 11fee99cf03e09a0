// A recording of 20 MB, as docs/recording.md specifies it: what eight affine layers do to pictures of CIFAR-10's size.
import fs from 'node:fs';

const shape = [32, 32, 3];
const layers = 8;
/** With values before, between and after the layers, and the log-det of each element, this many make 20 MB. */
const examples = 95;

export function writeRecording(file) {
  const size = shape.reduce((a, b) => a * b, 1);
  const tensors = {};
  const add = (name, of, valueAt) => {
    const data = Float32Array.from({ length: of.reduce((a, b) => a * b, 1) }, (_, i) => valueAt(i));
    tensors[name] = { shape: of, data };
  };
  const pixel = (i) =>
    0.5 + 0.4 * Math.sin((i % size) * 0.01 + Math.floor(i / size)) + 0.05 * Math.sin(i * 1.7);
  add('x', [examples, ...shape], pixel);
  for (let layer = 0; layer < layers; layer++) {
    const [scale, shift] = [1 + 0.1 * Math.sin(layer + 1), 0.1 * layer];
    const before = tensors[layer === 0 ? 'x' : `layers.${layer - 1}.output`].data;
    add(`layers.${layer}.output`, [examples, ...shape], (i) => before[i] * scale + shift);
    add(`layers.${layer}.log_det`, [examples], () => size * Math.log(scale));
    add(`layers.${layer}.log_det_elements`, [examples, ...shape], () => Math.log(scale));
    add(`layers.${layer}.round_trip`, [examples], () => 1e-7);
  }
  const recording = {
    title: 'Eight affine layers',
    recordedAt: '2026-11-27T12:00:00Z',
    writer: 'bench',
    base: 'standard-normal',
    examplesGiven: examples,
    notes: [],
    layers: Array.from({ length: layers }, (_, i) => ({
      name: `${i}`,
      type: 'Affine',
      structure: 'elementwise',
    })),
  };
  write(file, tensors, {
    format: 'flowscope-recording',
    format_version: '1',
    recording: JSON.stringify(recording),
  });
  return file;
}

function write(file, tensors, metadata) {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { shape: of, data }]) => {
    const start = end;
    end += data.byteLength;
    return [name, { dtype: 'F32', shape: of, data_offsets: [start, end] }];
  });
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const values = Object.values(tensors).map(({ data }) => Buffer.from(data.buffer));
  fs.writeFileSync(file, Buffer.concat([length, header, ...values]));
}
