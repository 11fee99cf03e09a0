/**
 * What the layers of conditional flows make of the context: gradients by automatic differentiation, compared with central
 * differences of the flow run eagerly on TensorFlow.js, in data units, so with standardization and encoder between.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { batchOf } from '../../../src/engine/model/examples';
import { pixelCentres } from '../../../src/engine/inspect/plane/parts';
import { sample } from '../../../src/engine/use/sample';
import { graphContext } from '../../../src/engine/model/flow-graphs';
import type { FlowModel } from '../../../src/engine/model/flow-model';
import { classImageModel } from '../../inspector/class-images';
import { maxAbsDifference, onCpu, toTensors } from '../../contract/eager';
import { anySignal, moonsModel, refused, smallModel, standardize, type SmallModel } from './model';

const batch = { split: 'validation', count: 24 } as const;
const vector = { kind: 'vector', dim: 2, couplings: 2, hidden: [8], activation: 'tanh', context: 2 };
const standardized = {
  ...{ mean: [...standardize.mean, 0.5, 0.25], std: [...standardize.std, 0.5, 0.4] },
  ...{ names: standardize.names, contextNames: ['upper', 'lower'] },
};

const flows = {
  'couplings with mixing between, an encoder and standardized conditions': {
    config: { ...vector, between: 'lu', contextNet: [6, 5] },
    standardize: standardized,
    reads: [false, true, false, true, false],
  },
  'splines whose networks add the context': {
    config: { ...vector, transform: 'rationalQuadratic', bins: 5, contextEntry: 'activated' },
    reads: [true, true],
  },
  'autoregressive layers of both directions, with statistics of the context': {
    config: {
      ...{ ...vector, contextNorm: true },
      layers: [
        { kind: 'autoregressive', order: [1, 0] },
        { kind: 'permute', order: [1, 0] },
        { kind: 'autoregressive', order: [0, 1], sees: 'output' },
      ],
    },
    reads: [true, false, true],
  },
};

before(onCpu);

/** Per number of the context: rms over the examples of the norm of out's central difference, by so many deviations. */
function differences(
  out: (context: Tensor) => Tensor,
  context: Float32Array,
  count: number,
  std: readonly number[],
): number[] {
  const size = std.length;
  const step = 0.01;
  return std.map((deviation, j) => {
    const at = (sign: number): Tensor =>
      out(
        tf.tensor2d(
          context.map((value, i) => (i % size === j ? value + sign * step * deviation : value)),
          [count, size],
        ),
      );
    const squares = tf.sum(tf.square(tf.sub(at(1), at(-1)))).dataSync()[0]!;
    return Math.sqrt(squares / count) / (2 * step);
  });
}

function close(found: ArrayLike<number>, expected: readonly number[], what: string): void {
  expected.forEach((value, j) => {
    const off = Math.abs(found[j]! - value);
    assert.ok(off < 2e-3 * value + 1e-4, `${what}, condition ${j}: ${found[j]}, by differences ${value}`);
  });
}

for (const [name, { config, reads, ...options }] of Object.entries(flows)) {
  describe(name, () => {
    let model: SmallModel;
    before(
      async () =>
        void (model = await smallModel(config, 'moons', { data: { labelContext: true }, ...options })),
    );
    after(() => model.dispose());

    it('says which layers read the context, and how far it moves what comes out of them', async () => {
      const found = await model.inspector.ask('contextUse', { batch }, anySignal());
      assert.deepEqual([found.reads, found.priorReads, found.count], [reads, false, batch.count]);
      const { flow, preprocess, layers, tensors, context: info }: FlowModel = model.flow;
      const { x, context, count } = await batchOf(model.opened.inspected!, batch);
      const stored = toTensors(tensors as Parameters<typeof toTensors>[0]);
      const ctxOf = (contexts: Tensor, taps?: Record<string, Tensor>) => {
        const ctx = graphContext(model.flow, { ...stored, context: contexts });
        return taps ? { ...ctx, tap: (tap: string, value: Tensor) => void (taps[tap] = value) } : ctx;
      };
      const contexts = tf.tensor2d(context!, [count, 2]);
      const taps: Record<string, Tensor> = {};
      const h = tf.tensor2d(x, [count, 2]);
      const inFlow = preprocess?.forward(ctxOf(contexts), h).value ?? h;
      flow.forward(ctxOf(contexts, taps), inFlow);
      const by = (out: (context: Tensor) => Tensor): number[] => differences(out, context!, count, info!.std);
      layers.forEach(({ info: { index }, bijection, taps: { input } }, i) => {
        const row = found.layers.data.subarray(index * 2, index * 2 + 2);
        if (!reads[i]) assert.deepEqual([...row], [0, 0]);
        else {
          const expected = by((c) => bijection!.forward(ctxOf(c), taps[input]!).value);
          assert.ok(
            expected.every((value) => value > 0.005),
            expected.join(),
          );
          close(row, expected, `layer ${index}`);
        }
      });
      close(
        found.flow,
        by((c) => flow.forward(ctxOf(c), inFlow).value),
        'the flow',
      );
    });

    it('has the density and the samples at a low, a usual and a high value of one condition', async () => {
      const query = {
        ...{ batch, vary: { kind: 'number' as const, condition: 1 }, features: [0, 1], pixels: 6 },
        samples: { count: 20, seed: 3, temperature: 1 },
        example: { kind: 'data' as const, split: 'validation' as const, index: 2 },
      };
      const conditions = [0.3, 0.6];
      const found = await model.inspector.ask('atConditions', query, anySignal(), conditions);
      assert.deepEqual([found.vary, found.context], [query.vary, conditions]);
      const { x } = await batchOf(model.opened.inspected!, { split: 'validation', count: 3 });
      const third = x.slice(4, 6);
      assert.deepEqual(found.example, [...third]);
      const { mean, std } = model.flow.context!;
      const { runner } = model.flow;
      const centres = pixelCentres(found.bounds!, 6);
      for (const [i, deviations] of [-1.2816, 0, 1.2816].entries()) {
        const { value, density, samples, logProb } = found.at[i]!;
        assert.ok(Math.abs(value - (mean[1]! + deviations * std[1]!)) < 1e-12);
        const options = { context: [conditions[0]!, value] };
        const { logDet, preprocessing, prior } = await runner.forward(centres.data, 36, 'data', options);
        const expected = prior.map((nats, k) => Math.exp(nats + logDet[k]! + preprocessing[k]!));
        assert.ok(expected.some((p) => p > 0.01));
        assert.ok(maxAbsDifference(density!.data, expected) < 1e-4 * Math.max(...expected));
        const drawn = await sample(runner, query.samples, options);
        assert.ok(maxAbsDifference(samples.data, drawn.x.data) < 1e-4);
        const of = await runner.forward(third, 1, 'data', options);
        assert.ok(Math.abs(logProb! - (of.prior[0]! + of.logDet[0]! + of.preprocessing[0]!)) < 1e-4);
      }
      assert.notDeepEqual(found.at[0]!.density!.data, found.at[2]!.density!.data);
      const mid = await model.inspector.ask('atConditions', query, anySignal());
      assert.deepEqual(mid.context, mean);
      const answer = model.inspector.ask(
        'atConditions',
        { ...query, vary: { kind: 'number', condition: 2 } },
        anySignal(),
      );
      await assert.rejects(answer, refused(/takes 2, numbered from 0/));
    });

    it('takes the classes one after another, the same features of the same latents', async () => {
      const query = {
        ...{ batch, vary: { kind: 'class' as const, from: 0, count: 2 }, features: [1], pixels: 6 },
        samples: { count: 20, seed: 3, temperature: 1 },
      };
      const { at, bounds } = await model.inspector.ask('atConditions', query, anySignal(), [0.3, 0.6]);
      assert.deepEqual(
        at.map(({ value }) => value),
        [0, 1],
      );
      for (const [i, context] of [
        [1, 0],
        [0, 1],
      ].entries()) {
        const { x } = await sample(model.flow.runner, query.samples, { context });
        const column = x.data.filter((_, k) => k % 2 === 1);
        assert.deepEqual(at[i]!.samples.shape, [20, 1]);
        assert.ok(maxAbsDifference(at[i]!.samples.data, column) < 1e-4);
        assert.equal(at[i]!.density, undefined);
      }
      assert.deepEqual(bounds!.x, bounds!.y);
      // Of samples that are farther out than the data, all but the outermost are in the picture.
      const hot = { ...query, samples: { ...query.samples, temperature: 5 } };
      const far = await model.inspector.ask('atConditions', hot, anySignal(), [0.3, 0.6]);
      const [low, high] = far.bounds!.x;
      for (const { samples } of far.at) {
        const inside = [...samples.data].filter((value) => value >= low && value <= high);
        assert.ok(inside.length >= samples.data.length - 2, `${inside.length}`);
      }
      const more = { ...query, vary: { kind: 'class' as const, from: 1, count: 2 } };
      await assert.rejects(
        model.inspector.ask('atConditions', more, anySignal()),
        refused(/2 classes from 1 .* of 2/),
      );
      await assert.rejects(
        model.inspector.ask('atConditions', { ...query, features: [2] }, anySignal()),
        refused(/one or two of 2/),
      );
    });

    it('takes samples of the mean, or of a chosen context, where there are no data', async () => {
      const samples = { batch: { split: 'sample', count: 8 } } as const;
      const mean = await model.inspector.ask('contextUse', samples, anySignal());
      const chosen = await model.inspector.ask('contextUse', samples, anySignal(), [2, -1]);
      assert.ok(mean.flow.every(Number.isFinite) && chosen.flow.every(Number.isFinite));
      assert.notDeepEqual(mean.flow, chosen.flow);
    });
  });
}

it('says that the prior reads the context as well, which no layer of mixing does', async () => {
  const config = { ...vector, between: 'lu', base: { kind: 'conditionalNormal' } };
  const model = await smallModel(config, 'moons', { data: { labelContext: true } });
  try {
    const found = await model.inspector.ask('contextUse', { batch }, anySignal());
    assert.deepEqual([found.reads, found.priorReads], [[true, false, true, false], true]);
  } finally {
    await model.dispose();
  }
});

it('refuses a flow that takes no context', async () => {
  const model = await smallModel(moonsModel, 'moons');
  try {
    await assert.rejects(model.inspector.ask('contextUse', { batch }, anySignal()), refused(/takes none/));
  } finally {
    await model.dispose();
  }
});

describe('an image flow that is given a class', () => {
  let model: SmallModel;
  before(async () => {
    model = await smallModel(classImageModel, 'digits', { data: { labelContext: true } });
  });
  after(() => model.dispose());

  it('has pictures of each class by the same latents, and how likely the example is as each', async () => {
    const { context } = model.flow;
    assert.deepEqual(context!.classes, { start: 0, count: 10 });
    const query = {
      ...{ batch, vary: { kind: 'class' as const, from: 2, count: 3 }, features: [], pixels: 6 },
      samples: { count: 4, seed: 3, temperature: 1 },
      example: { kind: 'data' as const, split: 'validation' as const, index: 0 },
    };
    const { at, bounds } = await model.inspector.ask('atConditions', query, anySignal());
    assert.equal(bounds, undefined);
    for (const [i, { value, samples, logProb, density }] of at.entries()) {
      assert.deepEqual([value, density, samples.shape], [i + 2, undefined, [4, 8, 8, 1]]);
      const oneHot = Array.from({ length: 10 }, (_, k) => Number(k === value));
      const expected = await sample(model.flow.runner, query.samples, { context: oneHot });
      assert.ok(maxAbsDifference(samples.data, expected.x.data) < 1e-3);
      assert.ok(Number.isFinite(logProb));
    }
    assert.ok(maxAbsDifference(at[0]!.samples.data, at[1]!.samples.data) > 0.1);
    assert.notEqual(at[0]!.logProb, at[1]!.logProb);
    await assert.rejects(
      model.inspector.ask('atConditions', { ...query, features: [0] }, anySignal()),
      refused(/images are drawn whole/),
    );
  });
});
