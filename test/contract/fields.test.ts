/** Flows in continuous time against what is known in closed form. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as v from 'valibot';
import { activation } from '../../src/config/fields';
import { fieldLayer, type FieldLayer } from '../../src/config/field-layer';
import { initialTensors } from '../../src/engine/training/initialize';
import type { Flow } from '../../src/flow/built-flow';
import { fieldNet } from '../../src/flow/nets/field-net';
import { sbiField } from '../../src/flow/nets/sbi-field';
import {
  contextOf,
  inputOf,
  maxAbsDifference,
  movedValues,
  onCpu,
  perExample,
  toTensors,
  type Values,
} from './eager';
import { flowOf } from './flow-of';

const dim = 3;
const batch = 4;

const flowWith = (field: object, more: object = {}): Flow =>
  flowOf({ kind: 'vector', dim, ...more, layers: [{ kind: 'field', ...field }] });

interface Numbers {
  z: Float32Array;
  logDet: number[];
}

const passed = (flow: Flow, values: Values, x = inputOf([dim], batch, 1)): Numbers =>
  tf.tidy(() => {
    const { value, logDet } = flow.forward(contextOf(toTensors(values), false), x);
    return { z: value.dataSync() as Float32Array, logDet: perExample(logDet, batch) };
  });

/** v = x·A, whatever the time. */
const matrix = [0.4, -0.7, 0.2, 0.9, -0.3, 0.1, 0, 0.5, 0.6];
const linearValues: Values = {
  'fields.0.net.0.weight': { shape: [dim + 1, dim], data: Float32Array.from([...matrix, 0, 0, 0]) },
  'fields.0.net.0.bias': { shape: [dim], data: new Float32Array(dim) },
};
const linearNet = { kind: 'mlp', hidden: [] };

/** x·e^A, by its series. */
function exponential(x: Float32Array): number[] {
  let term = Array.from(x);
  const sum = [...term];
  for (let k = 1; k < 30; k++) {
    term = term.map((_, i) => {
      const row = Math.floor(i / dim) * dim;
      return [0, 1, 2].reduce((s, j) => s + term[row + j]! * matrix[j * dim + (i % dim)]!, 0) / k;
    });
    term.forEach((value, i) => (sum[i]! += value));
  }
  return sum;
}

const netOf = (kind: FieldLayer['net']['activation'], frequencies: number[] = []) =>
  fieldNet('n', dim, 0, { net: { kind: 'mlp', hidden: [7, 5], activation: kind, slope: 0.1 }, frequencies });

const sbiNet = { kind: 'sbi', width: 6, layers: 2, mean: [0.5, -1, 0.2], std: [0.8, 1.5, 0.6] };

const sbiFieldOf = (given: object) => {
  const { net } = v.parse(fieldLayer, { kind: 'field', net: { ...sbiNet, ...given } });
  assert.ok(net.kind === 'sbi');
  return sbiField('fields.0.net', dim, 2, { net, frequencies: [1, 3] });
};

before(onCpu);

describe('a vector field', () => {
  it('that is linear has e^A as its map and tr A as its log-det, in equal slices', () => {
    const flow = flowWith({ slices: 5, steps: 4, net: linearNet });
    const { z, logDet } = passed(flow, linearValues);
    const expected = exponential(inputOf([dim], batch, 1).dataSync() as Float32Array);
    assert.ok(maxAbsDifference(z, expected) < 1e-5, String(maxAbsDifference(z, expected)));
    for (const value of logDet) assert.ok(Math.abs(value - 0.7) < 1e-5, String(value));
    for (const { bijection } of flow.layers) {
      const part = bijection!.forward(contextOf(toTensors(linearValues), false), inputOf([dim], batch, 2));
      assert.ok(Math.abs(part.logDet.dataSync()[0]! - 0.14) < 1e-6);
    }
  });

  it('is solved to the order of each solver', () => {
    const expected = exponential(inputOf([dim], batch, 1).dataSync() as Float32Array);
    const orders = { euler: 1, heun: 2, midpoint: 2, rk4: 4 };
    for (const [solver, order] of Object.entries(orders)) {
      const [coarse, fine] = [2, 4].map((steps) => {
        const { z } = passed(flowWith({ slices: 1, steps, solver, net: linearNet }), linearValues);
        return maxAbsDifference(z, expected);
      });
      const found = Math.log2(coarse! / fine!);
      assert.ok(Math.abs(found - order) < 0.5, `${solver}: order ${found}`);
    }
  });

  it('has a divergence equal to the derivatives by gradients, whatever the activation', () => {
    for (const kind of activation.options) {
      const net = netOf(kind, kind === 'tanh' ? [1, 3] : []);
      const values = Object.fromEntries(
        net.parameters.map(({ name, shape }, i) => [name, inputOf(shape.slice(1), shape[0]!, i, 0.6)]),
      );
      const ctx = contextOf(values, false);
      const x = inputOf([dim], batch, 3);
      const { divergence } = net.at(ctx, x, 0.3);
      const sum = new Float32Array(batch);
      for (let i = 0; i < dim; i++) {
        const gradient = tf.grad((at) => tf.slice(net.at(ctx, at, 0.3).value, [0, i], [-1, 1]))(x);
        gradient.dataSync().forEach((value, k) => {
          if (k % dim === i) sum[Math.floor(k / dim)]! += value;
        });
      }
      assert.ok(maxAbsDifference(divergence.dataSync(), sum) < 1e-5, kind);
      assert.ok(Math.max(...sum.map(Math.abs)) > 1e-3, `${kind} has a divergence`);
    }
  });

  it('of sbi has a divergence equal to the derivatives by gradients, and the velocity that it gives alone', () => {
    for (const [label, given] of Object.entries({
      plain: {},
      'without norms': { norm: false },
      'without skips': { skips: false, activation: 'tanh' },
      'of one layer': { layers: 1 },
      'on top of normal data': { baseline: true },
    })) {
      const flow = flowWith({ frequencies: [1, 3], net: { ...sbiNet, ...given } }, { context: 2 });
      const named = toTensors(movedValues(flow, 4));
      const ctx = { ...contextOf(named, false), context: inputOf([2], batch, 5) };
      const net = sbiFieldOf(given);
      const x = inputOf([dim], batch, 3);
      const { value, divergence } = net.at(ctx, x, 0.3);
      const sum = new Float32Array(batch);
      for (let i = 0; i < dim; i++) {
        const gradient = tf
          .grad((at) => tf.slice(net.at(ctx, at, 0.3).value, [0, i], [-1, 1]))(x)
          .dataSync();
        for (let k = 0; k < batch; k++) sum[k]! += gradient[k * dim + i]!;
      }
      assert.ok(maxAbsDifference(divergence.dataSync(), sum) < 1e-5, label);
      assert.ok(Math.max(...sum.map(Math.abs)) > 1e-3, `${label} has a divergence`);
      const times = tf.tensor2d([[0.3], [0.3], [0.3], [0.3]]);
      const off = maxAbsDifference(net.velocity(ctx, x, times).dataSync(), value.dataSync());
      assert.ok(off < 1e-6, `${label}: ${off}`);
    }
  });

  it('of sbi is that of normal data alone where its network gives nothing', () => {
    const flow = flowWith({ slices: 5, steps: 10, net: { ...sbiNet, baseline: true } });
    const values = initialTensors(flow, 1);
    const x = inputOf([dim], batch, 1);
    const { z, logDet } = passed(flow, values, x);
    // z = (x − mean) / std, as far as what is added to the variance changes it.
    const expected = x.dataSync().map((value, i) => (value - sbiNet.mean[i % dim]!) / sbiNet.std[i % dim]!);
    assert.ok(maxAbsDifference(z, expected) < 1e-4, String(maxAbsDifference(z, expected)));
    const ofAll = -sbiNet.std.reduce((sum, std) => sum + Math.log(std), 0);
    for (const value of logDet) assert.ok(Math.abs(value - ofAll) < 1e-4, `${value}, expected ${ofAll}`);
  });

  it('gives the same in ten slices as in one of as many steps, and the sum of their log-dets', () => {
    const net = { kind: 'mlp', hidden: [8], activation: 'tanh' };
    const [one, ten] = [1, 10].map((slices) => flowWith({ slices, steps: 20 / slices, net }));
    const values = movedValues(one!, 5);
    const [whole, parts] = [passed(one!, values), passed(ten!, values)];
    assert.ok(maxAbsDifference(whole.z, parts.z) < 1e-6);
    assert.ok(maxAbsDifference(whole.logDet, parts.logDet) < 1e-6);
    assert.equal(ten!.parameters.length, one!.parameters.length);
    for (const { bijection } of ten!.layers) {
      const used = [...bijection!.parameters, ...(bijection!.shared ?? [])].map(({ name }) => name);
      assert.deepEqual(used, Object.keys(values), 'each slice runs alone with what it says that it uses');
    }
  });

  it('gives the same with its time mirrored and its velocity reversed', () => {
    const net = { kind: 'mlp', hidden: [8], activation: 'tanh' };
    const flow = flowWith({ slices: 2, steps: 4, net });
    const values = movedValues(flow, 6);
    const first = values['fields.0.net.0.weight']!;
    const ofTime = first.data.subarray(dim * 8);
    const bias = values['fields.0.net.0.bias']!;
    const negated = (name: string) => {
      const { shape, data } = values[name]!;
      return { [name]: { shape, data: data.map((value) => -value) } };
    };
    const mirrored: Values = {
      ...values,
      'fields.0.net.0.weight': {
        shape: first.shape,
        data: first.data.map((value, i) => (i < dim * 8 ? value : -value)),
      },
      'fields.0.net.0.bias': { shape: bias.shape, data: bias.data.map((value, i) => value + ofTime[i]!) },
      ...negated('fields.0.net.1.weight'),
      ...negated('fields.0.net.1.bias'),
    };
    const other = flowWith({ slices: 2, steps: 4, net, data: 1, noise: 0 });
    const [a, b] = [passed(flow, values), passed(other, mirrored)];
    assert.ok(maxAbsDifference(a.z, b.z) < 1e-6);
    assert.ok(maxAbsDifference(a.logDet, b.logDet) < 1e-6);
    assert.ok(Math.abs(a.logDet[0]!) > 1e-3);
  });

  it('comes back, as far as its solver is exact', () => {
    const flow = flowWith({ slices: 4, steps: 8, net: { kind: 'mlp', hidden: [8], activation: 'elu' } });
    const ctx = contextOf(toTensors(movedValues(flow, 7)), false);
    const x = inputOf([dim], batch, 1);
    const there = flow.forward(ctx, x);
    const back = flow.inverse(ctx, there.value);
    assert.ok(maxAbsDifference(x.dataSync(), back.value.dataSync()) < 1e-5);
    const sums = tf.add(there.logDet, back.logDet).dataSync();
    assert.ok(Math.max(...sums.map(Math.abs)) < 1e-5);
    assert.ok(maxAbsDifference(x.dataSync(), there.value.dataSync()) > 1e-2);
  });

  it('has gradients of the log-det by its weights, as finite differences have them', () => {
    for (const kind of activation.options) {
      const net = netOf(kind);
      const values = net.parameters.map(({ shape }, i) => inputOf(shape.slice(1), shape[0]!, i, 0.6));
      const x = inputOf([dim], batch, 3);
      const total = (...tensors: tf.Tensor[]): tf.Scalar => {
        const named = Object.fromEntries(net.parameters.map(({ name }, i) => [name, tensors[i]!]));
        return tf.sum(net.at(contextOf(named, false), x, 0.3).divergence);
      };
      const gradient = tf
        .grad((one) => total(...values.with(2, one)))(values[2]!)
        .dataSync();
      const step = 1e-2;
      const moved = (by: number): number => {
        const data = Float32Array.from(values[2]!.dataSync());
        data[4]! += by;
        return total(...values.with(2, tf.tensor(data, values[2]!.shape))).dataSync()[0]!;
      };
      const expected = (moved(step) - moved(-step)) / (2 * step);
      assert.ok(Math.abs(gradient[4]! - expected) < 2e-3, `${kind}: ${gradient[4]} and ${expected}`);
    }
  });
});
