/** Files that no importer reads say what they look like, and what to do. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, test } from 'node:test';
import { zipSync } from 'fflate';
import { recognize, whyUnknown } from '../../../../src/checkpoint/recognize/recognize';
import { looksLike } from '../../../../src/checkpoint/import/signatures';
import type { TensorFile } from '../../../../src/checkpoint/import/types';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import * as op from '../../support/pickle';
import { put, temporaryFolder } from '../../support/temporary';
import { resolved } from '../opened';

const folder = temporaryFolder();

type Shapes = Record<string, readonly number[]>;

interface Written {
  /** Why it does not open; or what it opens as. */
  says?: string;
  opens?: string;
  extras?: Record<string, string>;
  tensors: Shapes;
}

/** Names and shapes as the libraries saved them. */
const written = JSON.parse(
  readFileSync(path.resolve('test', 'fixtures', 'signatures', 'libraries.json'), 'utf8'),
) as Record<string, Written>;

function fileOf(tensors: Shapes, extras: TensorFile['extras'] = {}): TensorFile {
  const isKeras = Object.keys(tensors).some((name) => name.includes('/'));
  return {
    file: 'model',
    container: 'leaf.0' in tensors ? 'eqx' : !isKeras ? 'torch' : 'module' in extras ? 'keras' : 'hdf5',
    bytes: 0,
    tensors: new Map(Object.entries(tensors).map(([name, shape]) => [name, { dtype: 'F32', shape }])),
    extras,
    read: () => Promise.reject(new Error('Names and shapes are enough.')),
    close: () => Promise.resolve(),
  };
}

describe('what the libraries saved', () => {
  for (const [name, { says, opens, tensors, extras }] of Object.entries(written)) {
    it(`${name}: ${opens ?? says}`, () => {
      const file = fileOf(tensors, extras);
      if (says === undefined) {
        assert.ok(recognize(file)?.title.includes(opens!), whyUnknown(file));
        return;
      }
      assert.equal(recognize(file), undefined);
      const reason = whyUnknown(file);
      assert.ok(reason.startsWith('It looks like ') && reason.includes(says), reason);
      assert.match(reason, /flowscope\.record(ing\.write)?\(|It has no layers|gives no density/);
    });
  }
});

/** A name of others, by their code, and what has to be said. */
const names: readonly (readonly [name: string, shape: readonly number[], says: string])[] = [
  ['transform.transforms.0.hyper.3.weight', [3, 3], 'moves each feature by itself'],
  ['nf_flows.1.module_list.0.subnet.0.weight', [3, 3, 3, 3], '1 flow, one for each scale (nf_flows)'],
  ['decoders.0.module_list.0.subnet.0.weight', [3, 3], 'CFLOW'],
  ['nf.module_list.1.subnet1.conv_scale0_0.weight', [3, 3, 3, 3], 'CS-Flow'],
  ['guide$$$transform.0.arn.weight', [3, 3], 'Pyro'],
  ['2.lower_spline.unnormalized_lambdas', [1, 8], 'Pyro'],
  ['0.nn.layers.0.weight', [16, 2], 'Pyro with couplings'],
  ['conditioner/~/mlp/linear_0.w', [3, 8], 'Haiku'],
  ['params.Dense_0.kernel', [3, 8], 'Flax'],
  ['_blocks.0.transformer._shift_transformation._layers.0.weight', [3, 3], 'bgflow'],
  ['bijection.layers.0.conditioner_transform.sequential.0.weight', [3, 3], 'torchflows'],
  ['layer_list.0.1.householder_params', [3], 'jammy_flows'],
  ['chain.0.odefunc.diffeq.layers.0._layer.weight', [3, 3], 'continuous flow, an ODE'],
  ['transforms.0.chain.1.last_n_samples', [], 'residual flow'],
  ['blocks.0.attn_blocks.1.attention.qkv.weight', [9, 3], 'TarFlow'],
  ['flow.flows.0.pre.weight', [3, 1, 1], 'VITS'],
  ['decoder.flows.2.wn.in_layers.0.weight', [3, 3, 3], 'Glow-TTS'],
  ['down_blocks.0.resnets.0.conv1.weight', [3, 3, 3, 3], 'U-Net of diffusers'],
  ['time_embed.0.weight', [8, 4], 'sees the time'],
  ['x.blocks.0.adaLN_modulation.1.weight', [8, 4], 'diffusion transformer'],
];

test('names of other libraries', () => {
  for (const [name, shape, says] of names) {
    const reason = whyUnknown(fileOf({ [name]: shape }));
    assert.ok(reason.startsWith('It looks like ') && reason.includes(says), `${name}: ${reason}`);
  }
});

test('a network alone is named, and whether it may be a vector field', () => {
  const net = (inputs: number) =>
    whyUnknown(fileOf({ 'net.0.weight': [8, inputs], 'net.0.bias': [8], 'net.2.weight': [2, 8] }));
  assert.match(net(3), /2 linear layers from 3 to 2 numbers, as a vector field/);
  assert.match(net(5), /2 linear layers from 5 to 2 numbers; layers of a flow/);
});

test('a network of four layers may be a vector field of torchcfm, which has to be answered', async () => {
  const layer = (i: number, outputs: number, inputs: number): Shapes => ({
    [`net.${i}.weight`]: [outputs, inputs],
    [`net.${i}.bias`]: [outputs],
  });
  const net = (inputs: number): TensorFile => ({
    ...fileOf({ ...layer(0, 8, inputs), ...layer(2, 8, 8), ...layer(4, 8, 8), ...layer(6, 2, 8) }),
    read(name) {
      const shape = [...this.tensors.get(name)!.shape];
      const count = shape.reduce((product, n) => product * n, 1);
      return Promise.resolve({ shape, data: Float32Array.from({ length: count }, (_, i) => i) });
    },
  });
  assert.equal(recognize(net(4)), undefined);
  const { questions, convert } = recognize(net(3))!;
  const asked = questions.filter(({ required }) => required).map(({ key }) => key);
  assert.deepEqual(asked, ['dataTime']);
  const answers = { ...Object.fromEntries(questions.map(({ key, answer }) => [key, answer.default])) };
  const { model, tensors } = await convert({ ...answers, dataTime: '0' });
  assert.ok(model.kind === 'vector' && model.layers?.[0]?.kind === 'field');
  const [{ data, noise, net: own, frequencies }] = [model.layers[0]];
  assert.deepEqual([data, noise, frequencies], [0, 1, []]);
  assert.ok(own.kind === 'mlp');
  assert.deepEqual([own.hidden, own.activation], [[8, 8, 8], 'selu']);
  // [8, 3] there, x and the time; [3, 8] here.
  assert.deepEqual([...tensors['fields.0.net.0.weight']!.data.subarray(16, 19)], [2, 5, 8]);
});

test('layers that differ in what a flow has once are named', () => {
  const layer = (index: number, width: number, context = 0): Shapes => ({
    [`transform.transforms.${index}.order`]: [2],
    [`transform.transforms.${index}.hyper.0.weight`]: [width, 2 + context],
    [`transform.transforms.${index}.hyper.0.bias`]: [width],
    [`transform.transforms.${index}.hyper.0.mask`]: [width, 2 + context],
    [`transform.transforms.${index}.hyper.2.weight`]: [4, width],
    [`transform.transforms.${index}.hyper.2.bias`]: [4],
    [`transform.transforms.${index}.hyper.2.mask`]: [4, width],
  });
  assert.ok(recognize(fileOf({ ...layer(0, 8), ...layer(1, 8) })));
  assert.ok(recognize(fileOf({ ...layer(0, 8), ...layer(1, 16) })));
  assert.match(
    whyUnknown(fileOf({ ...layer(0, 8), ...layer(1, 16, 3) })),
    /another context than .*Layers that differ in this are not read yet\..*flowscope\.record\(flow/,
  );
});

test('what is asked first is a part of a library, not the library', () => {
  const classes = [
    'torch.nn.modules.linear.Linear',
    'sbi.neural_nets.estimators.mixture_density_estimator.MixtureDensityEstimator',
  ];
  const said = looksLike({ tensors: new Map(), extras: {}, classes });
  assert.match(said!, /^It looks like a mixture density network \(MDN\) of sbi/);
  assert.equal(looksLike({ tensors: new Map(), extras: {}, classes: ['builtins.set'] }), undefined);
});

describe('pickles that are not read', () => {
  const getattr = [
    ...[op.global('builtins', 'getattr'), op.mark, op.global('torch.nn.modules.linear', 'Linear')],
    ...[op.text('forward'), op.closeTuple, op.reduce],
  ];
  const holder = (module: string, name: string, inside: op.Part[]): op.Part[] =>
    op.object(module, name, ...op.dict(['inner', ...inside]));
  const estimator = (name: string, inside: op.Part[] = getattr): op.Part[] =>
    holder(
      'sbi.inference.posteriors.vector_field_posterior',
      'VectorFieldPosterior',
      holder('sbi.neural_nets.estimators.some', name, inside),
    );
  for (const [name, says] of [
    ['FlowMatchingEstimator', /looks like a posterior of sbi by flow matching \(FMPE\), by the class sbi/],
    ['VEScoreEstimator', /looks like a posterior of sbi by its score \(NPSE/],
    ['MixtureDensityEstimator', /looks like a (posterior of sbi over a vector field|mixture)/],
  ] as const) {
    it(`${name} is named instead of getattr`, async () => {
      const file = put(folder, `${name}.pkl`, op.pickle(...estimator(name)));
      await assert.rejects(openTensorFile(file), (error: Error) => {
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /getattr|run code/);
        return error.name === 'UserError';
      });
    });
  }

  it('still name what could run code', async () => {
    const call = [op.global('os', 'system'), op.text('true'), op.tuple1, op.reduce];
    const file = put(folder, 'evil.pkl', op.pickle(...estimator('FlowMatchingEstimator', call)));
    await assert.rejects(openTensorFile(file), /FMPE.*also asks for os\.system, which could run code/);
  });

  it('of distributed checkpoints', async () => {
    const file = put(
      folder,
      '.metadata',
      op.pickle(...holder('torch.distributed.checkpoint.metadata', 'Metadata', [])),
    );
    await assert.rejects(openTensorFile(file), /torch DCP.*dcp_to_torch_save/);
  });
});

test('formats that are known and not read', async () => {
  const tree = (name: string, ...files: string[]): string => {
    const at = path.join(folder, name);
    mkdirSync(at);
    for (const file of files) writeFileSync(path.join(at, file), 'x');
    return at;
  };
  for (const [file, says] of [
    [tree('dcp', '.metadata', '__0_0.distcp'), /torch DCP.*dcp_to_torch_save/],
    [tree('saved', 'saved_model.pb'), /SavedModel.*save_weights/],
    [tree('deepspeed', 'latest', 'zero_to_fp32.py'), /DeepSpeed/],
    [tree('orbax', 'manifest.ocdbt'), /Orbax/],
    [path.join(folder, 'dcp', '__0_0.distcp'), /torch DCP.*dcp_to_torch_save/],
    [put(folder, 'model.gguf', Buffer.from('GGUF\u0003\0\0\0')), /GGUF/],
    [put(folder, 'model.tflite', Buffer.from('\u001c\0\0\0TFL3')), /TensorFlow Lite/],
  ] as const) {
    await assert.rejects(resolved(file), { name: 'UserError', message: says });
  }
  const exported = put(
    folder,
    'model.pt2',
    zipSync({ 'm/archive_format': Buffer.from('pt2'), 'm/x': Buffer.of(1) }),
  );
  await assert.rejects(
    openTensorFile(exported),
    /torch\.export \(\.pt2\).*torch\.export\.load\("model\.pt2"\)\.state_dict/,
  );
});
