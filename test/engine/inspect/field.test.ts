/** Views of vector fields against what is known in closed form. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readSafetensors, writeSafetensors } from '../../../src/checkpoint/tensors/safetensors';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { straightnessOf } from '../../../src/engine/inspect/field/paths';
import { stream } from '../../../src/data/random';
import { CancelledError } from '../../../src/protocol/wire';
import { type FieldPlane, spanOf } from '../../../src/protocol/field';
import { onCpu, type Values } from '../../contract/eager';
import { openAsked, recordingFile } from '../recorded/support';
import {
  anySignal,
  moonsModel,
  refused,
  smallModel,
  standardize,
  type SmallModel,
  type SmallModelOptions,
} from './model';

const batch = { split: 'validation', count: 6 } as const;
const example = { kind: 'data', split: 'validation', index: 3 } as const;

/** v = x·A: what leads away from 0 at a rate of `grows`, and around it at a rate of `turns`. */
const [grows, turns] = [0.4, 1.5];
const spiral = (values: Values): void => {
  for (const [name, { data }] of Object.entries(values))
    data.set(name.endsWith('weight') ? [grows, turns, -turns, grows, 0, 0] : [0, 0]);
};
const spiralModel = (field: object, change = spiral) =>
  smallModel(
    {
      kind: 'vector',
      dim: 2,
      layers: [{ kind: 'field', slices: 5, steps: 4, net: { kind: 'mlp', hidden: [] }, ...field }],
    },
    'moons',
    { standardize, change },
  );

/** Where the spiral leads from a point in this time. */
function spiraled([x, y]: readonly [number, number], time: number): [number, number] {
  const [size, cos, sin] = [Math.exp(grows * time), Math.cos(turns * time), Math.sin(turns * time)];
  return [size * (x * cos - y * sin), size * (x * sin + y * cos)];
}

const close = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
  assert.equal(found.length, expected.length);
  Array.from(found).forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]!) <= tolerance, `${i}: ${value}, expected ${expected[i]}`),
  );
};

let models: { spiral: SmallModel; mirrored: SmallModel; couplings: SmallModel };
before(async () => {
  await onCpu();
  models = {
    spiral: await spiralModel({}),
    mirrored: await spiralModel({ data: 1, noise: 0 }, (values) => {
      spiral(values);
      for (const { data } of Object.values(values)) data.forEach((value, i) => (data[i] = -value));
    }),
    couplings: await smallModel(moonsModel, 'moons', { standardize }),
  };
});
after(async () => {
  for (const model of Object.values(models)) await model.dispose();
});

describe('paths through a vector field', () => {
  const pathsOf = ({ inspector }: SmallModel, features: [number, number] = [0, 1]) =>
    inspector.ask('fieldPaths', { batch, example, features }, anySignal());

  it('are those of a field that is linear, at the end of every step', async () => {
    const all = await pathsOf(models.spiral);
    assert.deepEqual(all.states.shape, [6, 21, 2]);
    close(
      all.times,
      Array.from({ length: 21 }, (_, i) => i / 20),
      1e-6,
    );
    for (let i = 0; i < 6; i++) {
      const states = all.states.data.subarray(42 * i, 42 * (i + 1));
      const start = [states[0]!, states[1]!] as const;
      const expected = Array.from({ length: 21 }, (_, k) => spiraled(start, k / 20)).flat();
      close(states, expected, 1e-4);
    }
    // The example is the fourth of the batch and comes first; its path begins where it is standardized to.
    const data = await models.spiral.opened.inspected!.data.open();
    const x = await data.validation.read([3]);
    close(
      all.states.data.subarray(0, 2),
      [0, 1].map((k) => (x[k]! - standardize.mean[k]!) / standardize.std[k]!),
      1e-5,
    );
    assert.deepEqual(
      [1, 2, 5].map((layer) => spanOf(all, layer)),
      [
        [0, 4],
        [4, 8],
        [16, 20],
      ],
    );
    assert.equal(spanOf(all, 0), undefined);
  });

  it('are as long as a spiral, whatever its time is called', async () => {
    const length = (Math.expm1(grows) / grows) * Math.hypot(grows, turns);
    const [x, y] = spiraled([1, 0], 1);
    const expected = length / Math.hypot(x - 1, y);
    assert.ok(expected > 1.05);
    const found = await pathsOf(models.spiral);
    // Chords of twenty steps are a little shorter than the arcs.
    close(found.straightness, Array<number>(6).fill(expected), 1e-3);
    const mirrored = await pathsOf(models.mirrored);
    close(mirrored.states.data, found.states.data, 1e-5);
    close(
      mirrored.times,
      Array.from({ length: 21 }, (_, i) => 1 - i / 20),
      1e-6,
    );
  });

  it('are straight where nothing turns, and where nothing moves', () => {
    assert.equal(straightnessOf(Float32Array.from([0, 0, 1, 2, 3, 6]), 2), 1);
    assert.equal(straightnessOf(new Float32Array(6), 2), 1);
    assert.ok(Math.abs(straightnessOf(Float32Array.from([0, 0, 3, 0, 3, 4]), 2) - 7 / 5) < 1e-6);
    assert.equal(straightnessOf(Float32Array.from([0, 0, 1, 0, 0, 0]), 2), Infinity);
  });

  it('have the features that are asked for', async () => {
    const [usual, turned] = [await pathsOf(models.spiral), await pathsOf(models.spiral, [1, 0])];
    const swapped = usual.states.data.map((_, i, all) => all[i ^ 1]!);
    assert.deepEqual(turned.states.data, swapped);
    await assert.rejects(pathsOf(models.spiral, [0, 2]), refused(/Feature 2 was asked for; the flow has 2/));
    await assert.rejects(pathsOf(models.couplings), refused(/this one has no vector field/));
  });
});

describe('the plane of a vector field', () => {
  const planeOf = ({ inspector }: SmallModel, layer: number, features: [number, number] = [0, 1]) =>
    inspector.ask('fieldPlane', { layer, batch, example, features }, anySignal());
  /** Middles of the cells, row by row from the top. */
  const middles = ({ bounds: { x, y }, rate }: FieldPlane): [number, number][] => {
    const side = rate.shape[0]!;
    const at = ([low, high]: readonly [number, number], i: number) => low + ((high - low) * (i + 0.5)) / side;
    return Array.from(rate.data, (_, i) => [at(x, i % side), at(y, side - 1 - Math.floor(i / side))]);
  };
  const velocityAt = ([x, y]: readonly [number, number]) => [grows * x - turns * y, turns * x + grows * y];

  it('has the velocity of a linear field, and its trace as the rate everywhere', async () => {
    const found = await planeOf(models.spiral, 2);
    assert.deepEqual(
      [found.velocity.shape, found.rate.shape],
      [
        [40, 40, 2],
        [40, 40],
      ],
    );
    close([found.time], [0.2], 1e-6);
    close(found.velocity.data, middles(found).flatMap(velocityAt), 1e-4);
    close(found.rate.data, Array<number>(40 * 40).fill(2 * grows), 1e-5);
    // The points are where their paths are at that time, the example first.
    const paths = await models.spiral.inspector.ask(
      'fieldPaths',
      { batch, example, features: [0, 1] },
      anySignal(),
    );
    const [from] = spanOf(paths, 2)!;
    close(
      found.points.data,
      Array.from({ length: 6 }, (_, i) =>
        [0, 1].map((k) => paths.states.data[(i * 21 + from) * 2 + k]!),
      ).flat(),
      1e-5,
    );
    const [x, y] = found.points.data;
    close([found.speed, found.exampleRate], [Math.hypot(...velocityAt([x!, y!])), 2 * grows], 1e-4);
  });

  it('turns with the direction of time, which the rate does not', async () => {
    const [there, back] = [await planeOf(models.spiral, 2), await planeOf(models.mirrored, 2)];
    close([back.time], [0.8], 1e-6);
    close(
      back.velocity.data,
      there.velocity.data.map((value) => -value),
      1e-4,
    );
    close(back.rate.data, there.rate.data, 1e-5);
  });

  it('goes through the example where there are more features', async () => {
    // The velocity of the first two features is the value of the third.
    const folder = await mkdtemp(path.join(tmpdir(), 'flowscope-field-'));
    const table = path.join(folder, 'three.csv');
    const rows = Array.from({ length: 60 }, (_, i) => [i / 60, Math.sin(i), Math.cos(i)].join());
    await writeFile(table, ['a,b,c', ...rows].join('\n'));
    const model = await smallModel(
      {
        kind: 'vector',
        dim: 3,
        layers: [{ kind: 'field', slices: 2, steps: 2, net: { kind: 'mlp', hidden: [] } }],
      },
      table,
      {
        change(values) {
          for (const [name, { data }] of Object.entries(values))
            data.set(name.endsWith('weight') ? [0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0] : [0, 0, 0]);
        },
      },
    );
    try {
      const third = (await (await model.opened.inspected!.data.open()).validation.read([3]))[2]!;
      const { velocity, speed } = await planeOf(model, 0);
      close(velocity.data, Array<number>(40 * 40 * 2).fill(third), 1e-5);
      close([speed], [Math.SQRT2 * Math.abs(third)], 1e-5);
      // Where it is drawn itself, it differs from cell to cell.
      const turned = await planeOf(model, 0, [2, 0]);
      close(
        turned.velocity.data.filter((_, i) => i % 2 === 1),
        middles(turned).map(([x]) => x),
        1e-5,
      );
    } finally {
      await model.dispose();
      await rm(folder, { recursive: true });
    }
  });

  it('is there for slices of a vector field alone', async () => {
    await assert.rejects(planeOf(models.spiral, 0), refused(/The layer .* follows no vector field/));
    await assert.rejects(
      planeOf(models.spiral, 2, [0, 2]),
      refused(/Feature 2 was asked for; the flow has 2/),
    );
    await assert.rejects(planeOf(models.couplings, 1), refused(/follows no vector field/));
  });
});

describe('the steps of a solver', () => {
  /** v = a·x. */
  const growth = 0.4;
  const growing = (field: object) =>
    spiralModel(field, (values) => {
      for (const [name, { data }] of Object.entries(values))
        data.set(name.endsWith('weight') ? [growth, 0, 0, growth, 0, 0] : [0, 0]);
    });
  const errorsOf = async (field: object) => {
    const model = await growing(field);
    try {
      const data = await model.opened.inspected!.data.open();
      const rows = await data.validation.read([0, 1, 2, 3, 4, 5]);
      const squares = Array.from({ length: 6 }, (_, i) =>
        [0, 1].reduce(
          (sum, k) => sum + ((rows[2 * i + k]! - standardize.mean[k]!) / standardize.std[k]!) ** 2,
          0,
        ),
      );
      return { squares, found: await model.inspector.ask('solverErrors', { batch }, anySignal()) };
    } finally {
      await model.dispose();
    }
  };

  it('are off as those of Euler are, compared with four times as many', async () => {
    const { squares, found } = await errorsOf({ solver: 'euler' });
    assert.deepEqual(found.steps, [10, 20, 40]);
    assert.deepEqual([found.usual, found.reference, found.count], [20, 80, 6]);
    // Its log-det is exact and z is x·(1 + a/n)ⁿ, so that ln p is off by the difference of |z|²/2.
    const scaled = (steps: number): number => (1 + growth / steps) ** (2 * steps) / 2;
    found.steps.forEach((steps, i) => {
      const off = squares.map((square) => square * (scaled(80) - scaled(steps)));
      const mean = off.reduce((sum, value) => sum + value, 0) / 6;
      assert.ok(Math.abs(found.mean[i]! - mean) < 1e-5, `${steps} steps: ${found.mean[i]}, expected ${mean}`);
      assert.ok(Math.abs(found.largest[i]! - Math.max(...off)) < 1e-5);
      assert.ok(mean > 1e-3);
    });
  });

  it('are whole in each slice, and no more than a graph may have', async () => {
    const single = await errorsOf({ steps: 1 });
    assert.deepEqual([single.found.steps, single.found.reference], [[5, 10], 20]);
    const many = await errorsOf({ solver: 'euler', steps: 102 });
    assert.deepEqual([many.found.steps, many.found.reference], [[255, 510], 1020]);
    await assert.rejects(
      errorsOf({ slices: 1, steps: 251 }),
      refused(/takes 251 steps, which have nothing to be compared with/),
    );
    await assert.rejects(
      models.couplings.inspector.ask('solverErrors', { batch }, anySignal()),
      refused(/those of a vector field; this flow has none/),
    );
    const stopped = new AbortController();
    stopped.abort();
    await assert.rejects(
      models.spiral.inspector.ask('solverErrors', { batch }, stopped.signal),
      CancelledError,
    );
  });
});

describe('the loss over time', () => {
  const covariance = [
    [1, 0.6],
    [0.6, 0.8],
  ] as const;
  const field = [
    [-0.3, 0.8],
    [0.1, 0.6],
  ] as const;
  const drift = [0.4, -0.2] as const;
  type Matrix = readonly (readonly number[])[];
  const times = (a: Matrix, b: Matrix) =>
    a.map((row) => b[0]!.map((_, k) => row.reduce((sum, value, j) => sum + value * b[j]![k]!, 0)));
  const mixed = (a: Matrix, by: number, b: Matrix, and: number) =>
    a.map((row, i) => row.map((value, k) => by * value + and * b[i]![k]!));
  const transposed = (a: Matrix) => a[0]!.map((_, k) => a.map((row) => row[k]!));
  const trace = (a: Matrix) => a.reduce((sum, row, i) => sum + row[i]!, 0);
  const unit = [
    [1, 0],
    [0, 1],
  ] as const;
  const inverse = ([[a, b], [c, d]]: readonly [readonly [number, number], readonly [number, number]]) => {
    const det = a * d - b * c;
    return [
      [d / det, -b / det],
      [-c / det, a / det],
    ];
  };
  /** The field’s distance from the best one for normal data, and the loss: means over both features. */
  const expected = (share: number) => {
    const there = mixed(covariance, (1 - share) ** 2, unit, share ** 2);
    const best = times(
      mixed(unit, share, covariance, share - 1),
      inverse(there as unknown as typeof covariance),
    );
    const off = mixed(field, 1, best, -1);
    const moved = drift.reduce((sum, value) => sum + (value * share) ** 2, 0);
    const error = (trace(times(times(off, there), transposed(off))) + moved) / 2;
    const crossing = trace(
      mixed(mixed(covariance, 1, unit, 1), 1, times(times(best, there), transposed(best)), -1),
    );
    return { error, loss: error + crossing / 2 };
  };

  const normalModel = (layer: object, options: SmallModelOptions = {}, model: object = {}) =>
    smallModel(
      {
        ...{ kind: 'vector', dim: 2, ...model },
        layers: [{ kind: 'field', slices: 5, steps: 1, net: { kind: 'mlp', hidden: [] }, ...layer }],
      },
      table,
      { standardize: { mean: [0, 0], std: [1, 1], names: ['x', 'y'] }, ...options },
    );
  const linear =
    (weights: readonly number[], bias: readonly number[]) =>
    (values: Values): void => {
      for (const [name, { data }] of Object.entries(values))
        data.set(name.endsWith('weight') ? weights : bias);
    };
  let folder: string;
  let table: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flowscope-field-'));
    table = path.join(folder, 'normal.csv');
    const noise = stream(3, 'rows').normal(2 * 6000);
    // Its Cholesky factor is [[1, 0], [0.6, √0.44]].
    const rows = Array.from({ length: 6000 }, (_, i) => {
      const [a, b] = [noise[2 * i]!, noise[2 * i + 1]!];
      return [a, 0.6 * a + Math.sqrt(0.44) * b].join();
    });
    await writeFile(table, ['x,y', ...rows].join('\n'));
  });
  after(() => rm(folder, { recursive: true }));

  const lossOf = async (model: SmallModel) => {
    try {
      return await model.inspector.ask('lossOverTime', {}, anySignal());
    } finally {
      await model.dispose();
    }
  };

  it('is that of normal data in closed form, and so is what could be lowered', async () => {
    const weights = transposed(field).flat();
    const there = await lossOf(await normalModel({}, { change: linear([...weights, ...drift], [0, 0]) }));
    assert.deepEqual([there.count, there.rows], [512, 4800]);
    close(
      there.times,
      Array.from({ length: 20 }, (_, i) => (i + 0.5) / 20),
      1e-6,
    );
    // Next to the data a kernel of 4,800 rows is too narrow to say; 512 lines leave a tenth of noise.
    assert.ok(Number.isNaN(there.error[0]) && there.error.slice(2).every(Number.isFinite));
    there.times.forEach((t, i) => {
      const { loss, error } = expected(t);
      assert.ok(Math.abs(there.loss[i]! / loss - 1) < 0.08, `t ${t}: ${there.loss[i]}, expected ${loss}`);
      if (i > 1)
        assert.ok(
          Math.abs(there.error[i]! / error - 1) < 0.12,
          `t ${t}: ${there.error[i]}, expected ${error}`,
        );
    });
    // The same field where the time runs to the data.
    const opposite = [...weights.map((value) => -value), ...drift];
    const back = await lossOf(
      await normalModel(
        { data: 1, noise: 0 },
        {
          change: linear(
            opposite,
            drift.map((value) => -value),
          ),
        },
      ),
    );
    close(
      back.times,
      there.times.map((t) => 1 - t),
      1e-6,
    );
    close(back.loss, there.loss, 1e-4);
    close(back.error.slice(2), there.error.slice(2), 1e-4);
  });

  it('is of flows that were trained on lines to random noise', async () => {
    await assert.rejects(
      normalModel({}, { training: { pairs: 'nearest' } }).then(lossOf),
      refused(/this one was trained with "pairs": "nearest"/),
    );
    await assert.rejects(
      models.couplings.inspector.ask('lossOverTime', {}, anySignal()),
      refused(/this flow is trained otherwise/),
    );
  });

  it('leaves open what could be lowered where the flow has a context', async () => {
    const found = await lossOf(
      await normalModel(
        {},
        {
          data: { contextColumns: ['y'] },
          standardize: { mean: [0, 0], std: [1, 1], names: ['x'], contextNames: ['y'] },
        },
        { dim: 1, context: 1 },
      ),
    );
    assert.equal(found.rows, 0);
    assert.ok(found.loss.every(Number.isFinite) && found.error.every(Number.isNaN));
  });
});

describe('paths that were recorded', () => {
  it('are those of the recording, or where slices begin and end', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'flowscope-field-'));
    const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    const { tensors, metadata } = await readSafetensors(recordingFile('field'));
    const bare = path.join(folder, 'bare.flowrec.safetensors');
    await writeSafetensors(
      bare,
      Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.endsWith('.path'))),
      metadata,
    );
    const asked = [await openAsked(recordingFile('field'), backend), await openAsked(bare, backend)] as const;
    try {
      const [whole, ends] = await Promise.all(
        asked.map(({ ask }) =>
          ask('fieldPaths', { batch: { split: 'validation', count: 24 }, example, features: [0, 1] }),
        ),
      );
      assert.deepEqual(whole!.states.shape, [24, 41, 2]);
      assert.deepEqual(ends!.states.shape, [24, 11, 2]);
      close(whole!.times.subarray(0, 5), [1, 0.975, 0.95, 0.925, 0.9], 1e-6);
      const stored = tensors['layers.4.path']!.data as Float32Array;
      const own = whole!.states.data;
      close(own.subarray(2 * 16, 2 * 21), stored.subarray(3 * 10, 4 * 10), 1e-6);
      const output = tensors['layers.4.output']!.data as Float32Array;
      close(ends!.states.data.subarray(10, 12), output.subarray(6, 8), 1e-6);
      assert.ok(whole!.straightness.every((value, i) => value >= ends!.straightness[i]! - 1e-5));
    } finally {
      for (const one of asked) await one.dispose();
      await backend.dispose();
      await rm(folder, { recursive: true });
    }
  });
});
