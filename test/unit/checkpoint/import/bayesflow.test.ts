/** BayesFlow's approximators that are not as the bundled one: what is read, and what is said of what is not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { loadAnyCheckpoint } from '../../../../src/checkpoint/recognize/load';
import { recognize, whyUnknown } from '../../../../src/checkpoint/recognize/recognize';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { put, temporaryFolder } from '../../support/temporary';

const folder = temporaryFolder();
const bundled = path.resolve('test', 'fixtures', 'wild', 'bayesflow-affine-3d', 'approximator.keras');
const entries = unzipSync(readFileSync(bundled));

type Json = Record<string, unknown>;
interface Config extends Json {
  config: Json & { inference_network: { config: Json & { base_distribution: { config: Json } } } };
}

function changed(change: (config: Config, network: Json) => void, weights?: Uint8Array): string {
  const config = JSON.parse(strFromU8(entries['config.json']!)) as Config;
  change(config, config.config.inference_network.config);
  const parts = {
    ...entries,
    'config.json': strToU8(JSON.stringify(config)),
    ...(weights ? { 'model.weights.h5': weights } : {}),
  };
  return put(folder, 'changed.keras', zipSync(parts, { level: 0 }));
}

async function imported(file: string) {
  const { config, tensors } = await loadAnyCheckpoint(file);
  assert.ok(config.model.kind === 'vector');
  return { model: config.model, tensors };
}

/** The weights with other numbers in place of those of a tensor. */
async function withNumbers(name: string, change: (values: Float32Array) => void): Promise<Uint8Array> {
  const opened = await openTensorFile(bundled);
  const { data } = await opened.read(name);
  await opened.close();
  const weights = Buffer.from(entries['model.weights.h5']!);
  const at = weights.indexOf(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  assert.ok(at > 0);
  change(data);
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).copy(weights, at);
  return weights;
}

describe('an approximator of BayesFlow', () => {
  const refusals: [string, (config: Config, network: Json) => void, RegExp][] = [
    [
      'another transform',
      (_, network) => (network['transform'] = 'cubic'),
      /transform "affine" or "spline" \(this one is "cubic"\)/,
    ],
    [
      'splines that take other numbers than the file has',
      (_, network) => (network['transform'] = 'spline'),
      /a DualCoupling of two features/,
    ],
    [
      'splines of a million bins',
      (_, network) => Object.assign(network, { transform: 'spline', transform_kwargs: { bins: 1e6 } }),
      /splines of 2 to 256 bins \(these have 1000000\)/,
    ],
    [
      'splines of a domain of two edges',
      (_, network) =>
        Object.assign(network, { transform: 'spline', transform_kwargs: { default_domain: [-1, 1] } }),
      /four numbers as default_domain/,
    ],
    [
      'splines of a domain that holds no bins',
      (_, network) =>
        Object.assign(network, { transform: 'spline', transform_kwargs: { default_domain: [0, 1, 0, 1] } }),
      /a default_domain that holds 16 bins/,
    ],
    ['no clamp', (_, network) => (network['transform_kwargs'] = { clamp: false }), /with clamp/],
    [
      'rotations that are not there',
      (_, network) => (network['permutation'] = 'orthogonal'),
      /lacks: .*orthogonal_permutation\/vars\/0/,
    ],
    ['another permutation', (_, network) => (network['permutation'] = 'sorted'), /this one is "sorted"/],
    ['less depth', (_, network) => (network['depth'] = 2), /alone \(this file has .*_2\/vars\/0\)/],
    ['more depth', (_, network) => (network['depth'] = 4), /act_norm_3\/vars\/0/],
    ['no end', (_, network) => (network['depth'] = 1e9), /a depth/],
    ['no ActNorm', (_, network) => (network['use_actnorm'] = false), /this file has .*act_norm\/vars\/0/],
    [
      'residual networks without what they add',
      (_, network) => (network['subnet_kwargs'] = { residual: true }),
      /lacks: .*dense_block\/projector\/vars\/0/,
    ],
    [
      'the class MLP, which is residual',
      (_, network) => (network['subnet'] = '__bayesflow_type__bayesflow.networks>MLP'),
      /lacks: .*dense_block\/projector\/vars\/0/,
    ],
    [
      'norms that are not there',
      (_, network) => (network['subnet_kwargs'] = { norm: 'layer' }),
      /lacks: .*dense_block\/norm_layer\/vars\/0/,
    ],
    [
      'other norms',
      (_, network) => (network['subnet_kwargs'] = { norm: { class_name: 'GroupNormalization' } }),
      /networks with norm "batch", "layer", "rms" or none/,
    ],
    [
      'softsign',
      (_, network) => (network['subnet_kwargs'] = { activation: 'softsign' }),
      /activation of .*hard_silu.* \(this one is softsign\)/,
    ],
    [
      'an activation of its own',
      (_, network) => (network['subnet_kwargs'] = { activation: { class_name: 'PReLU' } }),
      /an activation of/,
    ],
    ['another subnet', (_, network) => (network['subnet'] = 'resnet'), /a subnet "mlp"/],
    [
      'a summary network',
      ({ config }) => (config['summary_network'] = { class_name: 'DeepSet' }),
      /with a summary network/,
    ],
    [
      'summaries that are standardized',
      ({ config }) => (config['standardize'] = ['summary_variables']),
      /standardize of inference_variables and inference_conditions alone/,
    ],
    [
      'statistics of another length',
      ({ config }) => (config['standardize'] = ['inference_conditions']),
      /2 numbers in layers\/standardization/,
    ],
    [
      'another base',
      ({ config }) => ((config.inference_network.config.base_distribution as Json)['class_name'] = 'Mixture'),
      /a base distribution DiagonalNormal/,
    ],
    [
      'another kind of network',
      ({ config }) =>
        ((config.inference_network as Json)['registered_name'] = 'bayesflow.networks>FlowMatching'),
      /an inference network CouplingFlow/,
    ],
  ];
  for (const [name, change, message] of refusals) {
    it(`with ${name} is a table that says so`, async () => {
      const opened = await openTensorFile(changed(change));
      assert.equal(recognize(opened), undefined);
      assert.match(whyUnknown(opened), message);
      await opened.close();
    });
  }

  it('has the base, the activation and the standardization that its config names', async () => {
    const { model } = await imported(
      changed(({ config }, network) => {
        config['standardize'] = [];
        network['subnet_kwargs'] = { widths: [24, 24], activation: 'tanh' };
        const base = config.inference_network.config.base_distribution.config;
        base['mean'] = { config: { value: [1, 2, 3] } };
      }),
    );
    assert.equal(model.activation, 'tanh');
    assert.deepEqual(model.base, {
      ...{ kind: 'diagonalNormal', trained: false },
      ...{ loc: [1, 2, 3], scale: [1, 1, 1] },
    });
    assert.equal(model.layers?.[0]?.kind, 'actNorm');
  });

  it('turns features around where an ActNorm has negative scales, and has none of 0', async () => {
    const scales = 'inference_network/invertible_layers/act_norm/vars/0';
    const negative = await withNumbers(scales, (values) => (values[1]! *= -1));
    const [before, after] = [await imported(changed(() => {})), await imported(changed(() => {}, negative))];
    assert.deepEqual(after.model.layers, [
      before.model.layers![0]!,
      { kind: 'rescale', scale: [1, -1, 1], shift: 0 },
      ...before.model.layers!.slice(1),
    ]);
    const name = Object.keys(before.tensors).find((tensor) => tensor.endsWith('logScale'))!;
    assert.deepEqual(after.tensors[name], before.tensors[name]);

    const none = await withNumbers(scales, (values) => (values[1] = 0));
    await assert.rejects(imported(changed(() => {}, none)), { name: 'UserError', message: /scales by 0/ });
  });

  it('that is a file of weights alone is a table that asks for the whole', async () => {
    const opened = await openTensorFile(put(folder, 'model.weights.h5', entries['model.weights.h5']!));
    assert.equal(recognize(opened), undefined);
    assert.match(whyUnknown(opened), /approximator\.save\("approximator\.keras"\)/);
    await opened.close();
  });
});
