/** Files whose tensors fit several flows: a default of the library decides, or somebody has to say which one it is. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { completeAnswers, parseAnswers, splitSettings } from '../../../../src/checkpoint/recognize/answers';
import { importForm, loadAnyCheckpoint } from '../../../../src/checkpoint/recognize/load';
import { factsOf } from '../../../../src/checkpoint/import/module-facts';
import { recognize } from '../../../../src/checkpoint/recognize/recognize';
import { nflowsModules } from '../../../../src/checkpoint/libraries/nflows/modules';
import { writeSafetensors } from '../../../../src/checkpoint/tensors/safetensors';
import { sidecarPath } from '../../../../src/checkpoint/sidecar';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { PythonObject } from '../../../../src/checkpoint/pickle/python-object';
import type { VectorModelConfig } from '../../../../src/config/schema';
import type { ImportAnswers, ImportQuestion } from '../../../../src/protocol/import';
import type { NdArray } from '../../../../src/protocol/tensors';
import { temporaryFolder } from '../../support/temporary';
import { wild, writeChanged } from './files';

const folder = temporaryFolder();

/** The last layers of all networks with another number of values for each feature. */
function withValues(tensors: Map<string, NdArray>, last: RegExp, from: number, to: number): void {
  for (const [name, { shape, data }] of [...tensors]) {
    if (!last.test(name)) continue;
    const row = shape[1] ?? 1;
    const features = shape[0]! / from;
    const values = Array.from({ length: features }, (_, feature) =>
      Array.from({ length: to }, (_, i) => {
        const at = (feature * from + (i % from)) * row;
        return [...data.subarray(at, at + row)].map(Number);
      }),
    );
    tensors.set(name, { shape: [features * to, ...shape.slice(1)], data: Float32Array.from(values.flat(2)) });
  }
}

/** A copy of a wild file whose networks give so many values a feature. */
async function zukoWith(values: number): Promise<string> {
  const file = path.join(folder, `zuko-${values}.safetensors`);
  await writeChanged({ path: wild('zuko-nsf-2d', 'flow.pt') }, file, (tensors) =>
    withValues(tensors, /\.hyper\.4\./, 23, values),
  );
  return file;
}

/** The same with one layer, which may be of any class. */
async function singleWith(values: number): Promise<string> {
  const file = path.join(folder, `zuko-single-${values}.safetensors`);
  await writeChanged({ path: await zukoWith(values) }, file, (tensors) => {
    for (const name of [...tensors.keys()]) if (!/transforms\.0\.|base/.test(name)) tensors.delete(name);
  });
  return file;
}

async function nflowsWith(values: number): Promise<string> {
  const file = path.join(folder, `nflows-${values}.safetensors`);
  await writeChanged({ path: wild('nflows-maf-rqs-3d', 'model.pt') }, file, (tensors) =>
    withValues(tensors, /\.final_layer\./, 23, values),
  );
  return file;
}

const opened = async (file: string, answers?: ImportAnswers) =>
  loadAnyCheckpoint(file, answers ? { answers: () => answers } : {});

describe('as many values a feature as splines take', () => {
  it('are splines, with what else they may be named, until somebody says that they are not', async () => {
    const file = await zukoWith(20);
    const { config, origin } = await opened(file);
    assert.equal(config.model.bins, 7);
    assert.match(
      origin!.assumptions.find((one) => one.startsWith('Transform of each feature'))!,
      /splines with 7 bins \(NSF\), not Bernstein polynomials of degree 19 \(BPF\) .* \(default\)/,
    );
    await writeFile(
      sidecarPath(file),
      JSON.stringify({ answers: { univariate: 'BoundedBernsteinTransform' } }),
    );
    const polynomials = (await opened(file)).config.model.transform;
    assert.deepEqual(polynomials, { kind: 'bernstein', degree: 19, bound: 5, direction: 'forward' });
    await assert.rejects(opened(file, { univariate: 'SOSPolynomialTransform' }), /SOSPolynomialTransform:18/);
  });

  it('are refused where another kind is as likely, with all that they may be', async () => {
    // Between two layers of sums of squares there would be a transform without tensors.
    const { config } = await opened(await zukoWith(11));
    assert.equal(config.model.bins, 4);
    const file = await singleWith(11);
    await assert.rejects(
      opened(file),
      /fits splines with 4 bins \(NSF\) as well as Bernstein polynomials of degree 10 \(BPF\) and sums of squares of 5 polynomials of degree 1 \(SOSPF\) and .*of 2 polynomials of degree 4 \(SOSPF\) and squares of a polynomial of degree 9 \(SOSPF\) of zuko.*If they are sums of squares of 2 polynomials of degree 4 \(SOSPF\), write \{"answers": \{"univariate": "SOSPolynomialTransform:4"\}\}/,
    );
    const form = await importForm(file);
    assert.equal(form?.answers['univariate'], '');
  });

  it('are asked about where no spline takes so many', async () => {
    const file = await zukoWith(16);
    await assert.rejects(
      opened(file),
      /fits Bernstein polynomials of degree 15 \(BPF\) as well as sums of squares of 5 polynomials of degree 2/,
    );
    const { config } = await opened(file, { univariate: 'BoundedBernsteinTransform', bound: 3 });
    assert.deepEqual(config.model.transform, {
      ...{ kind: 'bernstein', degree: 15, bound: 3, direction: 'forward' },
    });
    const squares = await opened(file, { univariate: 'SOSPolynomialTransform:4', slope: 0.01 });
    assert.deepEqual(squares.config.model.transform, {
      ...{ kind: 'sumOfSquares', degree: 4, polynomials: 3, bound: 10, slope: 0.01, spread: 0 },
      direction: 'forward',
    });
  });

  it('are sums of squares of zuko’s default degree where transforms without tensors stand between', async () => {
    const file = path.join(folder, 'zuko-gaps.safetensors');
    const place = (name: string) =>
      name.replace(/transforms\.(\d+)\./, (_, number) => `transforms.${2 * Number(number)}.`);
    await writeChanged({ path: await zukoWith(16) }, file, (tensors) => {
      const all = [...tensors];
      tensors.clear();
      for (const [name, values] of all) tensors.set(place(name), values);
    });
    const { config } = await opened(file);
    const { layers = [], transform } = config.model as VectorModelConfig;
    const transforms = layers.map((layer) => ('transform' in layer ? layer.transform : transform));
    assert.ok(transforms.length > 1);
    const clips = transforms.map((one) =>
      typeof one === 'object' && one.kind === 'sumOfSquares' ? one.clip : 'another kind',
    );
    assert.deepEqual(clips, [...transforms.slice(1).map(() => 11), undefined]);
    await assert.rejects(
      opened(file, { univariate: 'BoundedBernsteinTransform' }),
      /transform\.transforms\.1 is a transform without tensors, as SOSPF/,
    );
  });

  it('are offered for both halves of an odd number of features, since the mask is read later', async () => {
    const file = path.join(folder, 'zuko-odd.safetensors');
    const filled = (...shape: number[]): NdArray => ({
      shape,
      data: new Float32Array(shape.reduce((product, n) => product * n, 1)),
    });
    // 31 values for each of two features, or 62 for one.
    await writeSafetensors(
      file,
      {
        'transform.transforms.0.mask': { shape: [3], data: Float32Array.of(1, 0, 0) },
        'transform.transforms.0.hyper.0.weight': filled(4, 2),
        'transform.transforms.0.hyper.0.bias': filled(4),
        'transform.transforms.0.hyper.2.weight': filled(62, 4),
        'transform.transforms.0.hyper.2.bias': filled(62),
      },
      { format: 'pt' },
    );
    const { config } = await opened(file, { univariate: 'SOSPolynomialTransform:5' });
    const { context, transform } = config.model as VectorModelConfig;
    assert.equal(context, 1);
    assert.deepEqual(transform, {
      ...{ kind: 'sumOfSquares', degree: 5, polynomials: 5, bound: 10, slope: 0.001, spread: 0 },
      direction: 'forward',
    });
  });

  /** zuko's flow of two features with these parameters in place of networks. */
  async function withParameters(name: string, shapes: readonly number[][]): Promise<string> {
    const file = path.join(folder, `${name}.safetensors`);
    await writeChanged({ path: wild('zuko-nsf-2d', 'flow.pt') }, file, (tensors) => {
      for (const name of [...tensors.keys()]) {
        if (!name.includes('transforms.')) continue;
        tensors.delete(name);
        const at = /^.*transforms\.\d+\./.exec(name)![0];
        let value = 0;
        for (const [i, shape] of shapes.entries()) {
          const size = shape.reduce((product, n) => product * n, 1);
          const data = Float32Array.from({ length: size }, () => ++value);
          tensors.set(`${at}phi.${i}`, { shape, data });
        }
      }
    });
    return file;
  }

  it('are named by the shapes of parameters where no network gives them', async () => {
    const transformOf = async (name: string, shapes: number[][]) => {
      const { config, tensors } = await opened(await withParameters(name, shapes));
      const { transform, bins } = config.model as VectorModelConfig;
      const bias = tensors['autoregressive.0.net.1.bias']!.data;
      return { transform: typeof transform === 'string' ? transform : transform.kind, bins, bias: [...bias] };
    };
    assert.deepEqual(await transformOf('affine', [[2], [2]]), {
      ...{ transform: 'affine', bins: 8, bias: [1, 3, 2, 4] },
    });
    const splines = [
      [2, 2],
      [2, 2],
      [2, 1],
    ];
    assert.deepEqual(await transformOf('splines', splines), {
      ...{ transform: 'rationalQuadratic', bins: 2, bias: [1, 2, 5, 6, 9, 3, 4, 7, 8, 10] },
    });
    // As many values as splines of 2 bins take.
    assert.equal((await transformOf('polynomials', [[2, 5]])).transform, 'bernstein');
    assert.equal((await transformOf('squares', [[2, 2, 2], [2]])).transform, 'sumOfSquares');
    await assert.rejects(
      transformOf('no transform', [
        [2, 3],
        [2, 2],
      ]),
      /parameters of a known transform/,
    );
  });

  it('are mixtures where no network gives them, each feature by itself', async () => {
    const file = await withParameters('zuko-gf', [
      [2, 3],
      [2, 3],
    ]);
    const { config, tensors, origin } = await opened(file);
    const { transform, layers = [] } = config.model as VectorModelConfig;
    assert.deepEqual(transform, {
      ...{ kind: 'gaussianization', components: 3, spread: 0, shrinkage: 1e-6, direction: 'forward' },
    });
    assert.deepEqual(layers[0], { kind: 'autoregressive', order: [0, 0], sees: 'input' });
    const bias = Object.entries(tensors).find(([name]) => name.endsWith('.0.net.1.bias'))![1];
    assert.deepEqual([...bias.data], [1, 2, 3, 7, 8, 9, 4, 5, 6, 10, 11, 12]);
    assert.doesNotMatch(origin!.assumptions.join('; '), /Activation|Bound|slope/);
  });

  it('are splines where that is a default, with what else they may be named', async () => {
    const { origin } = await opened(wild('zuko-nsf-2d', 'flow.pt'));
    const said = origin?.assumptions.find((one) => one.startsWith('Transform of each feature'));
    assert.match(
      said!,
      /splines with 8 bins \(NSF\), not Bernstein polynomials of degree 22 \(BPF\) .* \(default\)/,
    );
  });

  it('are splines of as many bins as the script saved beside them', async () => {
    const file = await openTensorFile(await singleWith(11));
    const kind = (extras: typeof file.extras) =>
      recognize({ ...file, extras })!.questions.find(({ key }) => key === 'univariate')!.answer.default;
    assert.equal(kind({ 'hyper_parameters.bins': 4 }), 'MonotonicRQSTransform');
    assert.equal(kind({ 'hyper_parameters.bins': 8, bins: 4 }), '');
    // As Flowscope writes it for zuko.
    assert.equal(kind({ build: 'flow = zuko.flows.NSF(2, transforms=3, bins=4)' }), 'MonotonicRQSTransform');
    await file.close();
  });

  it('are of nflows’ other splines only where somebody says so', async () => {
    for (const values of [11, 14, 23, 29])
      assert.equal((await opened(await nflowsWith(values))).config.model.bins, (values + 1) / 3);
    const file = await nflowsWith(17);
    const { origin } = await opened(file);
    assert.match(
      origin!.assumptions.join('; '),
      /rational-quadratic splines with 6 bins and linear tails, not piecewise quadratic splines with 9 bins \(without tails 8\) or piecewise linear splines with 17 bins \(default\)/,
    );
    await assert.rejects(
      opened(file, { splineKind: 'quadratic' }),
      /is taken for piecewise quadratic splines/,
    );
  });

  it('are of splines without tails where none with tails take so many, but where a default of others does', async () => {
    const { config, origin } = await opened(await nflowsWith(25));
    const { bins, splineEnds, splineCenter, splineBound } = config.model as VectorModelConfig;
    assert.deepEqual([bins, splineEnds, splineCenter, splineBound], [8, 'box', 0.5, 0.5]);
    assert.match(origin!.assumptions.join('; '), /8 bins without tails \(on the unit interval\) \(default\)/);
    await assert.rejects(opened(await nflowsWith(19)), /as well as piecewise quadratic splines with 10 bins/);
  });
});

it('a scale that glasflow before 0.3 names is no question in a whole model', () => {
  const object = new PythonObject('glasflow.transforms.coupling.AffineCouplingTransform', []);
  object.attributes.set('scaling_method', 'wide');
  const file = { modules: [{ name: '', object }] } as unknown as Parameters<typeof factsOf>[0];
  assert.deepEqual(factsOf(file, nflowsModules).answers, { scaleActivation: 'softplus-clamp' });
});

it('an argument next to leaves of flowjax counts where the kind of the flow is not among them', async () => {
  const [leaves, kwargs] = ['flow.eqx', 'flow_kwargs.json'].map((name) => path.join(folder, name));
  await copyFile(wild('flowjax-coupling-affine-3d', 'flow.eqx'), leaves!);
  await writeFile(kwargs!, JSON.stringify({ nn_activation: 'tanh', invert: false }));
  const { model } = (await opened(leaves!)).config;
  assert.equal((model as VectorModelConfig).activation, 'tanh');
  assert.deepEqual(
    (await importForm(leaves!))!.questions.map(({ key }) => key),
    ['base', 'transformer'],
  );
});

it('what may stand before the first linear layer of a network is no part of it that is left out', async () => {
  const file = path.join(folder, 'activated-first.safetensors');
  await writeChanged({ path: wild('freia-clamps-4d', 'state_dict.pt') }, file, (tensors) => {
    for (const [name, tensor] of [...tensors]) {
      const moved = name.replace(/(subnet\d)\.(\d)/, (_, net, i) => `${net}.${Number(i) + 1}`);
      tensors.delete(name);
      tensors.set(moved, tensor);
    }
  });
  await assert.rejects(
    opened(file),
    /subnet\d\.1 has modules before it, which may be activations.*flowscope\.record/,
  );
});

it('LeakyReLU may have another slope where networks are their user’s', async () => {
  for (const [file, activation, slope] of [
    [wild('zuko-nsf-2d', 'flow.pt'), 'leaky-relu:0.2', 0.2],
    [wild('freia-clamps-4d', 'state_dict.pt'), 'leaky-relu:0.1', 0.1],
    [wild('freia-clamps-4d', 'state_dict.pt'), 'leaky-relu', 0.01],
  ] as const) {
    const { config, origin } = await opened(file, { activation });
    const model = config.model as VectorModelConfig;
    assert.deepEqual([model.activation, model.slope], ['leaky-relu', slope]);
    assert.ok(origin?.assumptions.includes(`Activation of the networks: LeakyReLU(${slope})`));
  }
});

describe('a flow of one layer', () => {
  const at = (name: string) => path.join(folder, name);

  it('opens the same where its layer is in no list, with all that stands beside it', async () => {
    for (const [name, from, list] of [
      ['zuko', await singleWith(23), 'transform.transforms.0.'],
      ['nflows', wild('nflows-maf-2d', 'model.pt'), '_transform._transforms.1.'],
    ] as const) {
      const change = (prefix: string) => (tensors: Map<string, NdArray>) => {
        for (const [key, tensor] of [...tensors]) {
          tensors.delete(key);
          const rest = key.slice(list.length);
          if (key.startsWith(list)) tensors.set(`net.${prefix}${rest}`, tensor);
          else if (!/_?transform\./.test(key)) tensors.set(`net.${key}`, tensor);
        }
        tensors.set('encoder.weight', { shape: [1], data: Float32Array.of(1) });
      };
      const [listed, alone] = [at(`${name}-listed.safetensors`), at(`${name}-alone.safetensors`)];
      const [first, bare] = ['0.', ''].map((end) => list.replace(/(_?transforms\.)\d\.$/, end && `$1${end}`));
      await writeChanged({ path: from }, listed, change(first!));
      await writeChanged({ path: from }, alone, change(bare!));
      const [one, other] = [await opened(listed), await opened(alone)];
      assert.deepEqual([other.config.model, other.tensors], [one.config.model, one.tensors], name);
      assert.deepEqual(other.origin?.assumptions, one.origin?.assumptions);
    }
  });

  it('is not a permutation of numbers that are no whole ones, which are named', async () => {
    const file = at('powers.safetensors');
    await writeChanged({ path: await zukoWith(23) }, file, (tensors) => {
      for (const name of [...tensors.keys()]) if (name.includes('transforms.1.')) tensors.delete(name);
      tensors.set('transform.transforms.1._0', { shape: [2], data: Float32Array.of(0.5, -0.25) });
    });
    await assert.rejects(opened(file), /Closest is zuko.*transforms\.1\._0 is not known.*flowscope\.record/);
  });

  it('of networks with PReLU is not said to be normalized', async () => {
    const file = at('prelu.safetensors');
    await writeChanged({ path: await zukoWith(23) }, file, (tensors) => {
      tensors.set('transform.transforms.0.hyper.3.weight', { shape: [1], data: Float32Array.of(0.25) });
    });
    await assert.rejects(opened(file), /Closest is zuko.*hyper\.3 is not a linear layer/);
  });
});

it('linear layers alone are no flow that opens, and a network with norms is said to be one of FrEIA', async () => {
  const [linear, normed] = ['linear.safetensors', 'normed.safetensors'].map((name) =>
    path.join(folder, name),
  );
  await writeChanged({ path: wild('nflows-linears-4d', 'model.pt') }, linear!, (tensors) => {
    for (const name of [...tensors.keys()]) if (!name.includes('_transforms.0.')) tensors.delete(name);
  });
  await assert.rejects(opened(linear!), /Closest is nflows.*lacks: a coupling or an autoregressive layer/);
  await writeChanged({ path: wild('freia-clamps-4d', 'state_dict.pt') }, normed!, (tensors) => {
    const ones = { shape: [1], data: Float32Array.of(1) };
    for (const name of [...tensors.keys()])
      tensors.set(name.replace(/\.0\.weight$/, '.1.running_mean'), ones);
  });
  await assert.rejects(opened(normed!), /Closest is FrEIA.*running_mean is not of a linear layer/);
});

it('a flow beside an estimator of discrete data is not taken for the whole', () => {
  const object = new PythonObject(
    'sbi.neural_nets.estimators.mixed_density_estimator.MixedDensityEstimator',
    [],
  );
  const file = { modules: [{ name: '', object }] } as unknown as Parameters<typeof factsOf>[0];
  assert.match(factsOf(file, nflowsModules).misfits.join(), /beside an estimator of discrete data/);
});

describe('facts that differ by layer', () => {
  const clamps = wild('freia-clamps-4d', 'state_dict.pt');
  const models = async (answers: ImportAnswers) =>
    (await opened(clamps, answers)).config.model as VectorModelConfig;

  it('are taken to be the same everywhere, which is said', async () => {
    const { origin, config } = await opened(clamps);
    assert.ok(origin?.assumptions.includes('Clamp of the scales: 2 in all 3 blocks (default)'));
    assert.ok((config.model as VectorModelConfig).layers!.every((layer) => !('scaleClamp' in layer)));
  });

  it('may be answered one by one, in the order of the file', async () => {
    const clampsOf = ({ scaleClamp, layers }: VectorModelConfig) =>
      layers!.flatMap((layer) => (layer.kind === 'coupling' ? [layer.scaleClamp ?? scaleClamp] : []));
    assert.deepEqual(clampsOf(await models({ clamp: '2, 1, 3' })), [2, 2, 1, 1, 3, 3]);
    assert.deepEqual(
      clampsOf(await models({ clamp: '2,1,3', direction: 'latent-to-data' })),
      [3, 3, 1, 1, 2, 2],
    );
    const { origin, tensors } = await opened(clamps, { clamp: '2, 1, 3', clampActivation: 'TANH' });
    assert.ok(origin?.assumptions.includes('Clamp of the scales: 2, 1, 3, one for each block'));
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5].map((i) => tensors[`couplings.${i}.scale`]!.data[0]),
      [2, 2, 1, 1, 3, 3],
    );
  });

  it('may be a list in the file of answers, and after --set', async () => {
    const file = path.join(folder, 'clamps.safetensors');
    await writeChanged({ path: clamps }, file, () => undefined);
    await writeFile(sidecarPath(file), JSON.stringify({ answers: { clamp: [2, 1, 3] } }));
    assert.deepEqual((await opened(file)).config.model, await models({ clamp: '2, 1, 3' }));
    const { questions } = (await importForm(file))!;
    assert.deepEqual(parseAnswers(questions, splitSettings('clamp=2,1,3,activation=elu')), {
      clamp: '2,1,3',
      activation: 'elu',
    });
  });

  it('make layers with transforms of their own, and each number counts for its layer', async () => {
    const mapped = async (answers: ImportAnswers) => {
      const { model } = (await opened(wild('zuko-nsf-2d', 'flow.pt'), answers)).config;
      const { layers, splineBound, splineSlope } = model as VectorModelConfig;
      return (layers ?? []).flatMap((layer) => {
        if (layer.kind !== 'autoregressive') return [];
        const { transform } = layer;
        if (transform?.kind !== 'rationalQuadratic') return [[splineBound, splineSlope]];
        return [[transform.bound, transform.slope]];
      });
    };
    const same = [5, 1e-3];
    assert.deepEqual(await mapped({}), [same, same, same]);
    assert.deepEqual(await mapped({ bound: '5, 4, 5' }), [same, [4, 1e-3], same]);
    assert.deepEqual(await mapped({ bound: '3, 4, 5', slope: '0.001, 0.002, 0.001' }), [
      [3, 1e-3],
      [4, 2e-3],
      [5, 1e-3],
    ]);
  });

  it('of whole modules that differ are those of their layers', async () => {
    const file = await openTensorFile(wild('nflows-whole-module-nsf-3d', 'flow.pt'));
    await file.close();
    const splines = file.modules!.filter(({ object }) => object.className.includes('PiecewiseRational'));
    const known = () => recognize(file)!.known!;
    assert.deepEqual([splines.length > 1, known()['tailBound']], [true, 3]);
    splines[1]!.object.attributes.set('tail_bound', 7);
    assert.equal(known()['tailBound'], splines.map((_, i) => (i === 1 ? 7 : 3)).join(', '));
  });

  it('are refused in other numbers', async () => {
    await assert.rejects(
      opened(clamps, { clamp: '2, 1' }),
      /clamp: expected .*, or 3 of them, one for each block, got "2, 1"/,
    );
    await assert.rejects(opened(clamps, { clamp: '2, 1, x' }), /got "2, 1, x"/);
    await assert.rejects(
      opened(wild('zuko-nsf-2d', 'flow.pt'), { bound: '5, 4' }),
      /bound: expected a number ≥ 0.001, or 3 of them, one for each layer, got "5, 4"/,
    );
  });

  it('are the ends of an interval', () => {
    const interval: ImportQuestion = {
      key: 'interval',
      title: '',
      detail: '',
      answer: { kind: 'number', default: 5, minimum: 1e-3, interval: true },
    };
    const given = (value: string | number) =>
      completeAnswers([interval], { interval: value }, 'x')['interval'];
    assert.equal(given('-1,10'), '-1, 10');
    assert.equal(given(4), 4);
    for (const wrong of ['10, 0', '1, 2, 3', '5', ', 1', -1])
      assert.throws(() => given(wrong), /or its ends/);
  });
});

describe('the table of every question in docs/importing.md', () => {
  const page = readFileSync(path.resolve('docs', 'importing.md'), 'utf8');
  const section = page.slice(page.indexOf('### Every question'), page.indexOf('### Which kinds leave'));
  const rows = [...section.matchAll(/^\| `(\w+)` +\|([^|]*)\|[^|]*\|([^|]*)\|[^|]*\|$/gm)].map(
    ([, key, asked, usual]) => ({ key: key!, asked: asked!, usual: usual! }),
  );
  const isAskedOf = (asked: string, library: string): boolean =>
    asked.includes(`\`${library}\``) || /^ (any|all|files) /.test(asked);

  /** Keys of the questions that a source declares, and what else stands where a key is expected. */
  function declared(source: string): string[] {
    const objects = [...source.matchAll(/\bkey: ([^,;]+),\s+(?:title|spline):/g)].flatMap(([, words]) =>
      [...words!.matchAll(/'(\w+)'/g)].map(([, key]) => key!),
    );
    const calls = [...source.matchAll(/\b(?:choice|splineNumber|cornerQuestion|pixels)\(\s*([^,):]+)/g)];
    const activations = [...source.matchAll(/\bactivationChoice\(\s*'[\w-]+'(?:,\s*'(\w+)')?/g)];
    return [
      ...objects,
      ...calls.map(([, key]) => key!.replaceAll("'", '')),
      ...activations.map(([, key]) => key ?? 'activation'),
      // A helper, or a question again.
    ].filter((key) => !['key', 'outputQuestion.key'].includes(key));
  }

  const root = path.resolve('src', 'checkpoint');
  const found = ['libraries', 'import', 'recognize'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => {
        const library = folder === 'libraries' ? name.split(path.sep)[0]! : undefined;
        return declared(readFileSync(path.join(root, folder, name), 'utf8')).map((key) => ({ key, library }));
      }),
  );

  it('has all that the importers declare, and no others', () => {
    const known = new Set(rows.map(({ key }) => key));
    assert.ok(known.size > 40 && known.size === rows.length, 'a key has two rows, or none has any');
    assert.deepEqual([...new Set(found.map(({ key }) => key))].toSorted(), [...known].toSorted());
    for (const { key, library } of found) {
      const { asked } = rows.find((row) => row.key === key)!;
      if (library !== undefined) assert.ok(isAskedOf(asked, library), `${key} of ${library}`);
    }
  });

  it('has the defaults of files that the libraries wrote', async () => {
    const folder = path.resolve('test', 'fixtures', 'wild');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(pt|pth|ckpt|safetensors|eqx|keras|h5)$/.test(name),
    );
    let questions = 0;
    for (const name of files) {
      const file = await openTensorFile(path.join(folder, name)).catch(() => undefined);
      const recognized = file && recognize(file);
      await file?.close();
      for (const { key, answer, detail } of recognized?.questions ?? []) {
        questions++;
        const row = rows.find((one) => one.key === key.split('@')[0]);
        assert.ok(row && isAskedOf(row.asked, recognized!.library), `${key} of ${recognized!.library}`);
        const expected = `\`${answer.default}\``;
        // Hyper-parameters in a file may say another one.
        const isElsewhere = answer.default === '' || detail.includes('In the file,');
        assert.ok(
          isElsewhere || row.usual.includes(expected),
          `${name}: ${key} is ${answer.default} by default`,
        );
      }
    }
    assert.ok(questions > 50, `${questions} questions`);
  });
});
