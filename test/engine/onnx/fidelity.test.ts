/**
 * ONNX files of other software, opened as any model is, against what PyTorch computed with the flows that they were
 * exported from: latents, log-dets in all and of each layer that was found in the graph, inverses. Each file is opened
 * with the others of its flow beside it, and alone. The table goes to artifacts/importing-fidelity-onnx.md.
 *
 * Tolerances: z and x 1e-4, log-dets 1e-3 + 1e-5·|log-det|, as for checkpoints.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readNpz } from '../../unit/support/npz';
import type { LayerInfo } from '../../../src/protocol/model';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { inParts, onTheWay } from '../../../src/engine/inspect/plane/parts';
import type { InspectedFlow } from '../../../src/engine/model/inspected-flow';
import { openModel } from '../../../src/engine/open/open-model';
import { toChannelsLast } from '../../../src/engine/model/runner';
import { maxAbsDifference } from '../../contract/eager';
import { peersFolder } from '../import/support';

const fixtures = path.resolve('test', 'fixtures', 'onnx');

interface Case {
  name: string;
  files: string[];
  /** Kinds of the layers in the graph, from data to latent; absent where each column of the library is one. */
  found?: string[];
  /** How many of them each layer of the library is, where that is not the same number for all. */
  each?: number[];
  io: string;
}

const cases = readdirSync(fixtures)
  .filter((name) => name !== 'classifier')
  .map((name): Case => {
    const folder = path.join(fixtures, name);
    const about = path.join(folder, 'case.json');
    const { found, each } = existsSync(about)
      ? (JSON.parse(readFileSync(about, 'utf8')) as Pick<Case, 'found' | 'each'>)
      : {};
    return {
      name,
      files: readdirSync(folder).filter((file) => file.endsWith('.onnx')),
      ...(found ? { found } : {}),
      ...(each ? { each } : {}),
      io: path.join(found ? folder : path.join(peersFolder, name), 'io.npz'),
    };
  });

interface Row {
  file: string;
  opened: string;
  found: string;
  errors: Record<'z' | 'logDet' | 'layers' | 'x' | 'roundTrip', number | undefined>;
}

const rows: Row[] = [];
const allowed = (value: number): number => 1e-3 + 1e-5 * Math.abs(value);

async function recordedIn(file: string) {
  const archive = await readNpz(file);
  const values = (name: string): Float32Array | undefined => {
    if (!archive.names.includes(name)) return undefined;
    const { shape, data } = archive.array(name);
    const flat = Float32Array.from(data as ArrayLike<number>);
    if (shape.length !== 4) return flat;
    const [, channels, height, width] = shape as [number, number, number, number];
    return toChannelsLast(flat, [height, width, channels], 'nchw');
  };
  const noise = values('noise');
  return {
    count: archive.array('x').shape[0]!,
    x: values('x')!,
    z: values('z')!,
    logDet: values('logdet')!,
    layers: values('logdet_layers')!,
    context: values('context'),
    pixels: noise && values('image_u8')!.map((value, i) => value + noise[i]!),
  };
}

/** As `found` of case.json names it. */
function kindOf({ coupling, kind }: LayerInfo): string {
  if (coupling !== undefined) return 'coupling';
  if (kind === 'linear' || kind === 'conv1x1') return 'mixing';
  return ['autoregressive', 'elementwise', 'unknown'].includes(kind) ? kind : 'norm';
}

/** Log-det of each layer, from data to latent, [count] each; and its largest |x − inverse(forward(x))|. */
async function layersOf(
  flow: InspectedFlow,
  data: Float32Array,
  count: number,
  context: Float32Array | undefined,
) {
  const run = await flow.programs.pass({ kind: 'eval', roundTrips: true });
  const x = {
    shape: [count, ...flow.flow.inputShape],
    data,
    ...(context ? { context: { shape: [count, context.length / count], data: context } } : {}),
  };
  const { z, layers } = await run(x, new Float32Array(count).fill(1 / count));
  let roundTrip = 0;
  const kinds: string[] = [];
  const logDets: Float32Array[] = [];
  for (const { info } of flow.layers) {
    const layer = layers[info.index]!;
    for (const value of layer.roundTrip ?? []) roundTrip = Math.max(roundTrip, value);
    if (['logit', 'squeeze', 'factorOut'].includes(info.kind)) continue;
    kinds.push(kindOf(info));
    logDets.push(layer.logDet.layer.map((value, i) => value + layer.logDet.norm[i]!));
  }
  return { z, kinds, logDets, roundTrip };
}

/** The grid of a plane, which comes from z, goes through the points that come from x. */
async function assertOnePlane(
  flow: InspectedFlow,
  x: Float32Array,
  z: Float32Array,
  count: number,
): Promise<void> {
  const { signal } = new AbortController();
  const points = await inParts({ model: flow, signal }, await flow.programs.points(), 'x', {
    shape: [count, 2],
    data: x,
  });
  const way = await inParts({ model: flow, signal }, await flow.programs.way(), 'z', {
    shape: [count, 2],
    data: z,
  });
  for (let stage = 0; stage < flow.layers.length; stage++) {
    const there = stage === 0 ? x : points.get(String(stage - 1))!.data;
    const off = maxAbsDifference(onTheWay(flow, way, stage).data, there);
    assert.ok(off <= 1e-4, `after ${stage} layers the grid is ${off} from the points`);
  }
}

function assertLogDets(found: Float32Array, expected: Float32Array, what: string): number {
  found.forEach((value, i) =>
    assert.ok(
      Math.abs(value - expected[i]!) <= allowed(expected[i]!),
      `${what} of example ${i} is ${value}, PyTorch's ${expected[i]}`,
    ),
  );
  return maxAbsDifference(found, expected);
}

let backend: Backend;
let folder: string;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-onnx-'));
});
after(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
  writeTable();
});

for (const { name, files, found, each: counts, io } of cases) {
  describe(name, () => {
    for (const file of files) {
      const original = path.join(fixtures, name, file);
      it(`${file} with what lies beside it`, () => check(original, ''));
      if (files.length > 1) {
        it(`${file} alone`, async () => {
          // Its name can be all that tells which way it runs.
          const alone = path.join(folder, `${name}-${path.parse(file).name}`, file);
          await mkdir(path.dirname(alone));
          await copyFile(original, alone);
          await check(alone, ', alone');
        });
      }

      async function check(opened: string, how: string): Promise<void> {
        const reference = await recordedIn(io);
        const { count, x, z, logDet, context } = reference;
        const model = await openModel(opened, backend);
        try {
          const flow = model.inspected;
          assert.ok(flow, (await model.summary()).reason);
          const space = flow.config.kind === 'vector' ? 'data' : 'flow';
          const understood = flow.layers.every(({ info }) => info.kind !== 'unknown');
          const both = understood || (how === '' && files.length > 1);
          const row: Row = {
            file: `${name}/${file}`,
            opened: how,
            found: '',
            errors: {
              z: undefined,
              logDet: undefined,
              layers: undefined,
              x: undefined,
              roundTrip: undefined,
            },
          };
          const { errors } = row;
          if (both || file.startsWith('forward')) {
            const forward = await flow.runner.forward(x, count, space, { context });
            errors.z = maxAbsDifference(forward.z, z);
            assert.ok(errors.z <= 1e-4, `z is off by ${errors.z}`);
            errors.logDet = assertLogDets(forward.logDet, logDet, 'the log-det');
            const data = space === 'data' ? x : reference.pixels!;
            const { kinds, logDets, roundTrip, z: latent } = await layersOf(flow, data, count, context);
            assert.ok(maxAbsDifference(latent, z) <= 1e-4, 'z of the inspector');
            assert.ok(roundTrip <= 1e-4, `a layer is undone but for ${roundTrip}`);
            errors.roundTrip = roundTrip;
            row.found = kinds.join(' ');
            if (found) assert.deepEqual(kinds, found);
            else assert.ok(kinds.includes('coupling') && !kinds.includes('unknown'));
            const sum = Float32Array.from({ length: count }, (_, i) =>
              logDets.reduce((all, values) => all + values[i]!, 0),
            );
            const apart = maxAbsDifference(sum, forward.logDet);
            assert.ok(apart <= 1e-4, `the layers' log-dets are ${apart} from the whole's`);
            if (x.length === 2 * count && both) await assertOnePlane(flow, x, z, count);
            const columns = reference.layers.length / count;
            // A layer of the library's can be several in the graph.
            const each = counts ?? Array<number>(columns).fill(kinds.length / columns);
            assert.equal(
              each.reduce((a, b) => a + b, 0),
              kinds.length,
            );
            assert.ok(each.every(Number.isInteger), `${kinds.length} layers for ${columns} of the library`);
            errors.layers = 0;
            let from = 0;
            for (let column = 0; column < columns; column++) {
              const part = logDets.slice(from, (from += each[column]!));
              const total = Float32Array.from({ length: count }, (_, i) =>
                part.reduce((sum, l) => sum + l[i]!, 0),
              );
              const expected = Float32Array.from(
                { length: count },
                (_, i) => reference.layers[i * columns + column]!,
              );
              errors.layers = Math.max(
                errors.layers,
                assertLogDets(total, expected, `the log-det of layer ${column}`),
              );
            }
          }
          if (both || file.startsWith('inverse')) {
            const inverse = await flow.runner.inverse(z, count, space, { context });
            errors.x = maxAbsDifference(inverse.x, x);
            assert.ok(errors.x <= 1e-4, `x is off by ${errors.x}`);
          } else {
            await assert.rejects(
              async () => flow.runner.inverse(z, count, space),
              /not all of its layers are understood/,
            );
          }
          rows.push(row);
        } finally {
          await model.dispose();
        }
      }
    }
  });
}

it('a classifier is no flow, and the page says why', async () => {
  const model = await openModel(path.join(fixtures, 'classifier', 'model.onnx'), backend);
  assert.equal(model.inspected, undefined);
  const { reason, runnable, onnx } = await model.summary();
  assert.ok(!runnable);
  assert.match(
    reason ?? '',
    /"probabilities" has the shape \(1, 3\) for an input of \(1, 4\); the two ends of a flow/,
  );
  assert.deepEqual(
    onnx?.inputs.map((port) => port.name),
    ['features'],
  );
  await model.dispose();
});

function writeTable(): void {
  const number = (value: number | undefined): string => (value === undefined ? '' : value.toExponential(1));
  const counted = (text: string): string =>
    ['coupling', 'autoregressive', 'mixing', 'elementwise', 'norm', 'unknown']
      .map((kind) => [text.split(' ').filter((one) => one === kind).length, kind] as const)
      .filter(([count]) => count > 0)
      .map(
        ([count, kind]) =>
          `${count} ${kind}${count > 1 && (kind === 'coupling' || kind === 'norm') ? 's' : ''}`,
      )
      .join(', ');
  const lines = [
    '| file | found | z | log-det | log-det of a layer | x from z | round trip of a layer |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(
      ({ file, opened, found, errors: e }) =>
        `| ${file}${opened} | ${counted(found)} | ${number(e.z)} | ${number(e.logDet)} | ${number(e.layers)} | ${number(e.x)} | ${number(e.roundTrip)} |`,
    ),
  ];
  mkdirSync('artifacts', { recursive: true });
  writeFileSync('artifacts/importing-fidelity-onnx.md', `${lines.join('\n')}\n`);
}
