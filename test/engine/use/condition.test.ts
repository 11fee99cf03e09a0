/**
 * A flow that is given a context, from a table to samples, on data whose conditional distribution is known:
 * m uniform on (−1, 1), a ~ N(2m, 0.3), b ~ N(a·m, 0.2). The entropy of (a, b) given m is
 * ln(2πe) + ln 0.3 + ln 0.2 = 0.024 nats.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodeNpy } from '../../../src/data/npy';
import { stream } from '../../../src/data/random';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createInspector } from '../../../src/engine/inspect/inspector';
import type { Model } from '../../../src/engine/model/model';
import { openModel } from '../../../src/engine/open/open-model';
import { train } from '../../../src/engine/training/train';
import { readContext } from '../../../src/engine/use/read-context';
import { sample } from '../../../src/engine/use/sample';
import { score, examplesToScore } from '../../../src/engine/use/score';

const entropy = Math.log(2 * Math.PI * Math.E) + Math.log(0.3) + Math.log(0.2);
const rows = 3000;

let folder: string;
let backend: Backend;
let model: Model;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-condition-'));
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  const draw = stream(5, 'condition-test');
  const m = draw.uniform(rows);
  const noise = draw.normal(2 * rows);
  const lines = Array.from(m, (u, i) => {
    const condition = 2 * u - 1;
    const a = 2 * condition + 0.3 * noise[2 * i]!;
    return [a, condition, a * condition + 0.2 * noise[2 * i + 1]!].join();
  });
  const table = path.join(folder, 'table.csv');
  await writeFile(table, `a,m,b\n${lines.join('\n')}\n`);
  const output = path.join(folder, 'run');
  await train({ data: table, context: { columns: ['m'] }, output, maxSteps: 400, seed: 1 }, { backend });
  model = await openModel(output, backend);
});
after(async () => {
  await model.dispose();
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

const mean = (values: ArrayLike<number>, at: number): number => {
  let sum = 0;
  for (let i = at; i < values.length; i += 2) sum += values[i]!;
  return sum / (values.length / 2);
};

describe('a flow trained on a table given one of its columns', () => {
  it('says what it is given', async () => {
    const { context, featureNames } = await model.summary();
    assert.deepEqual(featureNames, ['a', 'b']);
    assert.deepEqual(context?.names, ['m']);
    assert.ok(Math.abs(context.mean[0]!) < 0.05 && Math.abs(context.std[0]! - 1 / Math.sqrt(3)) < 0.05);
  });

  it('comes close to the entropy of its data, and draws what they are given a number', async () => {
    const opened = {
      ...{ runner: model.flow!.runner, file: model.file, layout: 'nhwc' as const, model: model.flow! },
      data: model.flow!.header.config.data!,
      featureNames: ['a', 'b'],
    };
    const held = await examplesToScore(opened, { split: 'validation', space: 'data', seed: 0 });
    const { mean: parts } = await score(opened.runner, held, { draws: 1 });
    // Not below by more than 600 examples vary, and not above by more than a short training leaves.
    assert.ok(parts.nats > entropy - 0.15 && parts.nats < entropy + 0.35, `${parts.nats} nats`);
    const table = await examplesToScore(opened, {
      input: path.join(folder, 'table.csv'),
      space: 'data',
      seed: 0,
    });
    const all = await score(opened.runner, table, { draws: 1 });
    assert.ok(Math.abs(all.mean.nats - parts.nats) < 0.2, `${all.mean.nats} nats by the columns of a file`);

    for (const m of [-0.5, 0.5]) {
      const context = await readContext(opened.runner, `m=${m}`, 2000);
      const { x } = await sample(
        opened.runner,
        { count: 2000, seed: 1, temperature: 1 },
        context ? { context } : {},
      );
      assert.ok(Math.abs(mean(x.data, 0) - 2 * m) < 0.15, `mean of a ${mean(x.data, 0)}`);
      assert.ok(Math.abs(mean(x.data, 1) - 2 * m * m) < 0.15, `mean of b ${mean(x.data, 1)}`);
    }
  });

  it('asks for its condition in words', async () => {
    const { runner } = model.flow!;
    await assert.rejects(readContext(runner, undefined, 5), /takes m as its condition; give --condition/);
    await assert.rejects(readContext(runner, '1,2', 5), /expected m, for example m=/);
    await assert.rejects(readContext(runner, 'q=1', 5), /expected m, for example m=/);
  });

  it('answers the inspector for a chosen context, and examples by their own', async () => {
    const inspector = createInspector('test', model);
    const { signal } = new AbortController();
    const batch = { split: 'validation', count: 16 } as const;
    const example = { kind: 'data', split: 'validation', index: 0 } as const;
    const answer = await inspector.ask('strip', { example, batch, mode: 'eval' }, signal);
    const moved = await inspector.ask('strip', { example, batch, mode: 'eval' }, signal, [0.9]);
    const latent = (strip: typeof answer): number[] => [...strip.latent!.data];
    assert.ok(latent(answer).every((z) => Math.abs(z) < 5));
    assert.notDeepEqual(latent(answer), latent(moved));
    assert.equal(answer.mean.nats, moved.mean.nats, 'the batch keeps its own contexts');
    const page = await inspector.ask('samples', { count: 500, seed: 1, temperature: 1 }, signal, [0.5]);
    assert.ok(Math.abs(mean(page.values.data, 0) - 1) < 0.2);
    const jacobian = await inspector.ask(
      'jacobian',
      { layer: 1, example, batch, mode: 'eval', around: 0, count: 2 },
      signal,
    );
    assert.ok(Math.abs(jacobian.logDet - jacobian.claimed!) < 1e-3, 'the Jacobian has the example’s context');
    await assert.rejects(
      inspector.ask('samples', { count: 1, seed: 1, temperature: 1 }, signal, [1, 2]),
      /expected 1 finite/,
    );
    inspector.dispose();
  });
});

describe('a condition that is a class', () => {
  const contextOf = (names: readonly string[], start: number, text: string, count = 2, name?: string) => {
    const flat = (value: number): number[] => names.map(() => value);
    const classes = { start, count: names.length - start, ...(name ? { name } : {}) };
    return readContext({ context: { names: [...names], mean: flat(0), std: flat(1), classes } }, text, count);
  };
  const array = async (shape: number[], ...data: number[]): Promise<string> => {
    const file = path.join(folder, `${shape.join('x')}.npy`);
    await writeFile(file, encodeNpy({ shape, data: Float32Array.from(data) }));
    return file;
  };

  it('is given by its number, alone or behind other numbers', async () => {
    assert.deepEqual([...(await contextOf(['0', '1', '2'], 0, '2'))!], [0, 0, 1]);
    assert.deepEqual([...(await contextOf(['m', '0', '1'], 1, '0.5,1'))!], [0.5, 0, 1]);
    assert.deepEqual([...(await contextOf(['0', '1', '2'], 0, await array([2], 2, 0)))!], [0, 0, 1, 1, 0, 0]);
    assert.deepEqual(
      [...(await contextOf(['0', '1', '2'], 0, await array([2, 1], 1, 0)))!],
      [0, 1, 0, 1, 0, 0],
    );
    const behind = await array([2, 2], 0.5, 1, 0.25, 0);
    assert.deepEqual([...(await contextOf(['m', '0', '1'], 1, behind))!], [0.5, 0, 1, 0.25, 1, 0]);
    // A number for each class stays what it is.
    assert.deepEqual([...(await contextOf(['0', '1', '2'], 0, '0,0.5,0.5'))!], [0, 0.5, 0.5]);
  });

  it('is given by its name', async () => {
    const trip = ['m', 'Bonn', 'Oslo'];
    assert.deepEqual([...(await contextOf(trip, 1, '0.5,Oslo'))!], [0.5, 0, 1]);
    assert.deepEqual([...(await contextOf(trip, 1, 'City=Bonn, m=0.5', 2, 'City'))!], [0.5, 1, 0]);
    assert.deepEqual([...(await contextOf(trip, 1, 'm=0.5,City=1', 2, 'City'))!], [0.5, 0, 1]);
    for (const wrong of ['m=0.5,City=Rome', 'm=0.5,Town=Oslo', 'Rome', '1,2,x'])
      await assert.rejects(contextOf(trip, 1, wrong, 2, 'City'), {
        name: 'UserError',
        message: `--condition ${wrong}: expected m, City (2 classes), for example m=0,City=Bonn, where City is one of Bonn, Oslo; or an .npy file.`,
      });
  });

  it('is refused where there is no such class', async () => {
    const message = /class (3|1\.5|-1); expected a whole number from 0 to 2/;
    for (const text of ['3', '1.5', '-1', await array([2], 1, 3)])
      await assert.rejects(contextOf(['0', '1', '2'], 0, text), { name: 'UserError', message });
  });

  it('is known of files of other libraries', async () => {
    for (const [name, count] of [
      ['y0ast-glow-classes', 0],
      ['normflows-glow-classes', 2],
    ] as const) {
      const opened = await openModel(path.resolve('test', 'fixtures', 'wild', name, 'model.pt'), backend);
      const { context } = await opened.summary();
      assert.equal(context?.classes?.start, 0);
      assert.equal(context.classes.count, count || context.names.length);
      assert.deepEqual(context.names.slice(0, 2), ['0', '1']);
      await opened.dispose();
    }
  });
});
