/** Latents changed by hand: x of the changed z, checked by the way back from that x, for ours and others' files. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createInspector } from '../../../src/engine/inspect/inspector';
import { inspectedModel } from '../../../src/engine/inspect/programs';
import { dataExamples } from '../../../src/engine/model/examples';
import { openModel } from '../../../src/engine/open/open-model';
import { drawLatents } from '../../../src/engine/model/latents';
import type { ExampleRef, UneditedRef, LatentEdit } from '../../../src/protocol/selection';
import { CancelledError } from '../../../src/protocol/wire';
import { latentScales } from '../../../src/flow/latent-scales';
import { modelOf, port, stored } from '../onnx/small-graph';
import {
  anySignal,
  digitsModel,
  moonsModel,
  smallModel,
  refused,
  standardize,
  type SmallModel,
} from './model';

let digits: SmallModel;
let moons: SmallModel;
before(async () => {
  digits = await smallModel(digitsModel, 'digits');
  moons = await smallModel(moonsModel, 'moons', { standardize });
});
after(async () => {
  await digits.dispose();
  await moons.dispose();
});

const example: UneditedRef = { kind: 'data', split: 'validation', index: 3 };
const sampled: UneditedRef = { kind: 'sample', count: 4, seed: 5, temperature: 0.7, index: 2 };
const edits: LatentEdit[] = [
  { element: 7, value: 1.25 },
  { element: 40, value: -0.5 },
];
const latentsOf = (model: SmallModel, of: UneditedRef) =>
  model.inspector.ask('latents', { example: of }, anySignal());
const editedOf = (model: SmallModel, of: UneditedRef, changes: LatentEdit[]) =>
  model.inspector.ask('edited', { example: of, edits: changes }, anySignal());
const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void => {
  assert.equal(a.length, b.length);
  for (let i = 0; i < a.length; i++)
    assert.ok(Math.abs(a[i]! - b[i]!) <= tolerance, `element ${i}: ${a[i]} is not ${b[i]}`);
};

describe('latents of an example', () => {
  it('are z of its forward pass, each with its scale and its place in the picture', async () => {
    const view = await latentsOf(digits, example);
    const { x } = await dataExamples(digits.flow, 'validation', 3, 1);
    const { z } = await digits.flow.runner.forward(x, 1, 'data');
    close(view.z, z, 0);
    assert.deepEqual(view.shape, [8, 8, 1]);
    assert.deepEqual(view.scales, latentScales(digits.flow.flow));
    // The strip draws the same latents at their places.
    const strip = await digits.inspector.ask(
      'strip',
      { example, batch: { split: 'validation', count: 2 }, mode: 'eval' },
      anySignal(),
    );
    view.z.forEach((value, i) => close([strip.latent!.data[view.places?.[i] ?? i]!], [value], 1e-5));
  });

  it('of a sample are those that it was drawn from', async () => {
    const drawn = await drawLatents(digits.flow.runner, { count: 4, seed: 5, temperature: 0.7 });
    assert.deepEqual((await latentsOf(digits, sampled)).z, drawn.slice(128, 192));
  });
});

describe('changed latents', () => {
  it('decode to an x whose own latents are the changed ones, and no others differ', async () => {
    for (const of of [example, sampled]) {
      const { z } = await latentsOf(digits, of);
      const { values } = await editedOf(digits, of, edits);
      assert.deepEqual(values.shape, [8, 8, 1]);
      const again = await digits.flow.runner.forward(values.data, 1, 'data');
      const expected = z.slice();
      for (const { element, value } of edits) expected[element] = value;
      // Logits far out lose digits on the way there and back. Measured 2e-5.
      close(again.z, expected, 5e-4);
    }
  });

  it('cost what the strip says of the changed example, which every view takes', async () => {
    const { values, nats, bitsPerDim } = await editedOf(digits, example, edits);
    const ref: ExampleRef = { kind: 'edited', example, edits };
    const strip = await digits.inspector.ask(
      'strip',
      { example: ref, batch: { split: 'validation', count: 2 }, mode: 'eval' },
      anySignal(),
    );
    close([strip.example!.nats, strip.example!.bitsPerDim!], [nats!, bitsPerDim!], 1e-3);
    close(strip.input!.data, values.data, 1e-4);
    // By the formula: ln p(x) = ln N(z; 0, 1) + ln |dz/dx|, with the log-det of the way back.
    const z = (await latentsOf(digits, example)).z.slice();
    for (const { element, value } of edits) z[element] = value;
    const prior = z.reduce((sum, value) => sum - 0.5 * value * value - 0.5 * Math.log(2 * Math.PI), 0);
    const { logDet } = await digits.flow.runner.inverse(z, 1, 'data');
    close([nats!], [64 * Math.log(17) - prior + logDet[0]!], 2e-2);
  });

  it('without a change are the example itself, also of a flow of the plane', async () => {
    const { x } = await dataExamples(digits.flow, 'validation', 3, 1);
    close((await editedOf(digits, example, [])).values.data, x, 1e-4);
    const point: UneditedRef = { kind: 'values', values: [0.4, 0.1] };
    const back = await editedOf(moons, point, []);
    close(back.values.data, [0.4, 0.1], 1e-5);
    assert.equal(back.bitsPerDim, undefined);
    const moved = await editedOf(moons, point, [{ element: 1, value: 0.3 }]);
    const { z } = await moons.flow.runner.forward(moved.values.data, 1, 'data');
    close(z, [(await latentsOf(moons, point)).z[0]!, 0.3], 1e-4);
  });

  it('may start from a point of a manifold', async () => {
    const corners = [0, 1, 2, 3].map((index) => ({ kind: 'data', split: 'validation', index }) as const);
    const { z } = await latentsOf(digits, {
      kind: 'manifold',
      corners: [corners[0]!, corners[1]!, corners[2]!, corners[3]!],
      phi: 0,
      phiPrime: Math.PI / 2,
    });
    close(z, (await latentsOf(digits, corners[1]!)).z, 1e-5);
  });

  it('refuse elements and values that are none, and are cancelled', async () => {
    await assert.rejects(
      editedOf(digits, example, [{ element: 64, value: 0 }]),
      refused(/Latent 64 was changed; z has 64/),
    );
    await assert.rejects(editedOf(digits, example, [{ element: 0, value: NaN }]), refused(/set to NaN/));
    await assert.rejects(
      editedOf(digits, { kind: 'data', split: 'validation', index: 999 }, []),
      refused(/there are 359/),
    );
    const controller = new AbortController();
    const answer = digits.inspector.ask('latents', { example: { ...example, index: 9 } }, controller.signal);
    controller.abort();
    await assert.rejects(answer, CancelledError);
  });
});

describe('changed latents of other libraries', () => {
  const opened = async (file: string) => {
    const model = await openModel(file, await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }));
    return { model, inspector: createInspector('1', model) };
  };

  for (const [parts, element] of [
    [['onnx', 'chrischute-rgb', 'forward.dynamo.onnx'], 100],
    [['onnx', 'nflows-inverse-only', 'inverse.onnx'], 3],
    [['onnx', 'nflows-autoregressive', 'forward.onnx'], 1],
    [['peers', 'zuko-permuted', 'state_dict.safetensors'], 2],
    [['peers', 'fmu2-small', 'state_dict.pt'], 2000],
  ] as const) {
    it(`of ${parts[1]} decode to an x whose latents they are`, async () => {
      const { model, inspector } = await opened(path.join('test', 'fixtures', ...parts));
      try {
        const of: UneditedRef = { kind: 'sample', count: 1, seed: 1, temperature: 0.5, index: 0 };
        const view = await inspector.ask('latents', { example: of }, anySignal());
        const changes = [{ element, value: 0.75 }];
        const { values, nats } = await inspector.ask('edited', { example: of, edits: changes }, anySignal());
        assert.ok(Number.isFinite(nats));
        const { runner } = model.inspected ?? inspectedModel(model.flow!);
        const { z } = await runner.forward(values.data, 1, 'data');
        const expected = view.z.slice();
        expected[element] = 0.75;
        // Measured 1e-4 at most.
        close(z, expected, 5e-3);
      } finally {
        inspector.dispose();
        await model.dispose();
      }
    });
  }

  it('of a file without a way back are shown, and their change is refused in words', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'flowscope-latents-'));
    // A residual layer: each value depends on all others, and not in a linear way.
    const file = path.join(folder, 'residual.onnx');
    const residual = modelOf({
      input: [port('x', ['batch', 3])],
      output: [port('z', ['batch', 3])],
      initializer: [stored('w', [0.3, -0.2, 0.1, 0.2, 0.1, -0.3, -0.1, 0.3, 0.2], [3, 3])],
      node: [
        { opType: 'MatMul', input: ['x', 'w'], output: ['mixed'] },
        { opType: 'Tanh', input: ['mixed'], output: ['bent'] },
        { opType: 'Add', input: ['x', 'bent'], output: ['z'] },
      ],
    });
    await writeFile(file, residual);
    const { model, inspector } = await opened(file);
    try {
      const of: UneditedRef = { kind: 'values', values: [0.1, 0.2, 0.3] };
      assert.equal((await inspector.ask('latents', { example: of }, anySignal())).z.length, 3);
      await assert.rejects(
        inspector.ask('edited', { example: of, edits: [{ element: 0, value: 1 }] }, anySignal()),
        refused(/no way back from z/),
      );
    } finally {
      inspector.dispose();
      await model.dispose();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
