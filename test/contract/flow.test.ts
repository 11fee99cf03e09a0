/**
 * The contract that every bijection and every flow keeps. Tolerances are for float32: round trips of unit-scale data
 * within 1e-4, log-dets within 1e-3 of the Jacobian's (taken by automatic differentiation, its determinant in float64).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Bijection } from '../../src/flow/core/bijection';
import type { Flow } from '../../src/flow/built-flow';
import { sizeOf } from '../../src/base/shape';
import { oneIn, tried } from '../tried';
import { cases, type Case } from './cases';
import { conventionCases } from './convention-cases';
import {
  contextOf,
  withContexts,
  inputOf,
  maxAbsDifference,
  movedValues,
  onCpu,
  perExample,
  toTensors,
} from './eager';
import { logAbsDeterminant } from './linear-algebra';

const batch = 3;
const roundTripTolerance = 1e-4;
const logDetTolerance = 1e-3;

interface Row {
  label: string;
  roundTrip: number;
  logDetSum: number;
  jacobian: number;
}
const table: Row[] = [];

function inputFor({ bijection, domain }: Case, n: number, seed: number): Tensor {
  const x = inputOf(bijection.inputShape, n, seed);
  return domain === 'pixels' ? tf.mul(tf.sigmoid(x), 16.9) : x;
}

/** Of one example, which is taken as often as it has outputs, so that each copy gives the gradient of one of them. */
function jacobian(bijection: Bijection, tensors: Record<string, Tensor>, x: Tensor): number[][] {
  const ctx = contextOf(tensors, false);
  const outputs = sizeOf(bijection.outputShape);
  const copies = tf.tile(x, [outputs, ...bijection.inputShape.map(() => 1)]);
  const rows = tf.grad((input: Tensor) =>
    tf.sum(tf.mul(tf.reshape(bijection.forward(ctx, input).value, [outputs, outputs]), tf.eye(outputs))),
  )(copies);
  return tf.reshape(rows, [outputs, -1]).arraySync() as number[][];
}

/** Running statistics; those of a context and masks come with a file and stay. */
const stateOf = ({ state }: Bijection): string[] =>
  state.flatMap(({ name }) => (/^context\.|\.mask$/.test(name) ? [] : [name])).sort();

before(onCpu);

after(() => {
  const number = (value: number): string => value.toExponential(1);
  const lines = [
    '| bijection | round trip | forward + inverse log-det | log-det − ln\\|det J\\| |',
    '|---|---|---|---|',
    ...table.map(
      (r) => `| ${r.label} | ${number(r.roundTrip)} | ${number(r.logDetSum)} | ${number(r.jacobian)} |`,
    ),
  ];
  mkdirSync('artifacts', { recursive: true });
  writeFileSync('artifacts/contract-table.md', `${lines.join('\n')}\n`);
});

for (const entry of [...cases, ...tried('contract/flow: conventions', conventionCases, oneIn(6))]) {
  const { label } = entry;
  const bijection = withContexts(entry.bijection);
  describe(label, () => {
    it('keeps shapes, stays finite, comes back and agrees with its Jacobian', () => {
      const worst: Row = { label, roundTrip: 0, logDetSum: 0, jacobian: 0 };
      for (const seed of [1, 2]) {
        const tensors = toTensors(movedValues(bijection, seed));
        const ctx = contextOf(tensors, false);
        const x = inputFor(entry, batch, seed);
        const forward = bijection.forward(ctx, x);
        const inverse = bijection.inverse(ctx, forward.value);
        assert.deepEqual(forward.value.shape, [batch, ...bijection.outputShape]);
        assert.deepEqual(inverse.value.shape, x.shape);
        assert.ok([[batch].join(), ''].includes(forward.logDet.shape.join()), 'log-det is [N] or a scalar');
        for (const tensor of [forward.value, forward.logDet, inverse.value, inverse.logDet]) {
          assert.ok(tensor.dataSync().every(Number.isFinite));
        }
        const there = perExample(forward.logDet, batch);
        const back = perExample(inverse.logDet, batch);
        worst.roundTrip = Math.max(worst.roundTrip, maxAbsDifference(x.dataSync(), inverse.value.dataSync()));
        worst.logDetSum = Math.max(worst.logDetSum, ...there.map((d, i) => Math.abs(d + back[i]!)));

        const one = inputFor(entry, 1, seed + 10);
        const exact = logAbsDeterminant(jacobian(bijection, tensors, one));
        const claimed = perExample(bijection.forward(ctx, one).logDet, 1)[0]!;
        const range = entry.domain === 'pixels' ? sizeOf(bijection.inputShape) * Math.log(17) : 0;
        worst.jacobian = Math.max(worst.jacobian, Math.abs(claimed - range - exact));
      }
      table.push(worst);
      assert.ok(
        worst.roundTrip <= roundTripTolerance * (entry.domain ? 17 : 1),
        `round trip ${worst.roundTrip}`,
      );
      assert.ok(worst.logDetSum <= logDetTolerance, `log-dets cancel to ${worst.logDetSum}`);
      assert.ok(worst.jacobian <= logDetTolerance, `Jacobian differs by ${worst.jacobian}`);
    });

    it('treats every example on its own in evaluation mode', () => {
      const ctx = contextOf(toTensors(movedValues(bijection, 3)), false);
      const x = inputFor(entry, batch, 3);
      const together = bijection.forward(ctx, x);
      for (let i = 0; i < batch; i++) {
        const alone = bijection.forward(ctx, tf.slice(x, [i], [1]));
        assert.ok(
          maxAbsDifference(alone.value.dataSync(), tf.slice(together.value, [i], [1]).dataSync()) < 1e-5,
        );
        const [logDet] = perExample(alone.logDet, 1);
        assert.ok(Math.abs(logDet! - perExample(together.logDet, batch)[i]!) < 1e-4);
      }
    });

    if (bijection.parameters.length > 0) {
      it('gives every parameter a gradient', () => {
        const tensors = toTensors(movedValues(bijection, 4));
        const x = inputFor(entry, 16, 4);
        const names = bijection.parameters.map((p) => p.name);
        const loss = (...values: Tensor[]): Tensor => {
          const all = { ...tensors, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
          const ctx = contextOf(all, true);
          const { value, logDet } = bijection.forward(ctx, x);
          const base = 'base' in bijection ? (bijection as Flow).base : undefined;
          return tf.sub(
            base ? tf.neg(tf.mean(base.logProb(ctx, value))) : tf.mean(tf.square(value)),
            tf.mean(logDet),
          );
        };
        const gradients = tf.grads(loss)(names.map((name) => tensors[name]!));
        const still = names.filter((_, i) => gradients[i]!.dataSync().every((g) => g === 0));
        assert.deepEqual(still, idleParameters(label));
      });
    }

    if (stateOf(bijection).length > 0) {
      it('updates every running statistic in training and none in evaluation', () => {
        const tensors = toTensors(movedValues(bijection, 5));
        const x = inputFor(entry, 8, 5);
        const updates: Record<string, Tensor> = {};
        bijection.forward(contextOf(tensors, true, undefined, updates), x);
        assert.deepEqual(Object.keys(updates).sort(), stateOf(bijection));
        const none: Record<string, Tensor> = {};
        bijection.forward(contextOf(tensors, false, undefined, none), x);
        assert.deepEqual(none, {});
      });
    }
  });
}

/** Parameters that by construction nothing depends on. */
function idleParameters(label: string): string[] {
  // With one feature the first coupling moves nothing, and the second one's conditioner sees only zeros.
  if (label === 'vector flow, D = 1') {
    return [
      '0.net.0.weight',
      '0.net.0.bias',
      '0.net.1.weight',
      '0.net.1.bias',
      '0.scale',
      '1.net.0.weight',
    ].map((name) => `couplings.${name}`);
  }
  return [];
}
