/** The tools that chat may call, called as chat calls them. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { prepare } from '../../src/extension/assistant/prepare';
import { toolNames } from '../../src/extension/assistant/tool-names';
import type { CheckpointReport, NonFiniteReport, ScoreReport } from '../../src/protocol/assistant';
import { damageTensor } from '../unit/support/damage';
import { allowTools, api, ours, workspaceFolder } from './ours';

describe('tools of language models', function () {
  this.timeout(120_000);
  const folder = () => path.join(workspaceFolder().fsPath, 'assistant');
  const trained = (name: string) =>
    path.join(process.env['FLOWSCOPE_TEST_ROOT']!, 'test', 'fixtures', 'trained', name);

  const call = async (name: string, input: object, token?: vscode.CancellationToken) => {
    const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined }, token);
    const text = content.map((part) => (part as vscode.LanguageModelTextPart).value).join('');
    const [sentence = '', json = ''] = text.split('\n\n');
    return { sentence, report: JSON.parse(json) as Report };
  };

  before(async () => {
    await api();
    mkdirSync(folder(), { recursive: true });
    for (const name of ['moons', 'digits'])
      copyFileSync(trained(`${name}.flow.safetensors`), path.join(folder(), `${name}.flow.safetensors`));
    writeFileSync(path.join(folder(), 'points.csv'), 'x,y\n0,1\n3,3\n0.5,-0.4\n');
    await allowTools(true);
  });

  after(async () => {
    await allowTools(false);
    rmSync(folder(), { recursive: true, force: true });
  });

  it('are offered with what a model and a user need to choose them', () => {
    for (const name of toolNames) {
      const tool = vscode.lm.tools.find((candidate) => candidate.name === name);
      assert.ok(tool, name);
      assert.ok(tool.description.length > 100);
      assert.ok((tool.inputSchema as { required: string[] }).required.includes('path'));
      assert.ok(tool.tags.includes('flowscope'));
    }
  });

  it('summarize a checkpoint by a path relative to the workspace', async () => {
    const { sentence, report } = await call('flowscope_summarizeCheckpoint', {
      path: 'assistant/digits.flow.safetensors',
    });
    assert.match(sentence, /RealNVP for images of 8×8×1, 2 scales/);
    // As the fixture's README says.
    assert.equal(report.validation.bitsPerDim!.toFixed(3), '2.070');
    assert.equal(report.step, 200);
    assert.deepEqual(report.inputShape, [8, 8, 1]);
  });

  it('score a table, and name the row that lies far away', async () => {
    const { sentence, report } = await call('flowscope_scoreFile', {
      path: path.join(folder(), 'moons.flow.safetensors'),
      data: 'assistant/points.csv',
      leastLikely: 1,
    });
    assert.match(sentence, /^Mean −ln p of 3 examples: \d.* nats.*Least likely rows \(from 0\): 1 /);
    assert.deepEqual([report.unit, report.count, report.dimensions], ['nats', 3, 2]);
    const { prior, couplings, norm, preprocessing, quantization, nats } = report.mean;
    assert.ok(Math.abs(prior + couplings + norm + preprocessing + quantization + nats) < 1e-2);
    const [worst] = report.leastLikely;
    assert.equal(worst?.index, 1);
    assert.ok(worst.value > 100, `${worst.value} nats at (3, 3)`);
  });

  it('score what was held out as the training did', async () => {
    const { report } = await call('flowscope_scoreFile', {
      path: 'assistant/moons.flow.safetensors',
      split: 'validation',
    });
    assert.equal(report.count, 500);
    assert.ok(Math.abs(report.mean.nats - 0.437) < 2e-3, `${report.mean.nats} nats`);
  });

  it('find the layer whose weight is NaN', async () => {
    const file = path.join(folder(), 'broken.flow.safetensors');
    writeFileSync(file, readFileSync(trained('moons.flow.safetensors')));
    damageTensor(file, 'couplings.4.net.0.weight', NaN);
    const { sentence, report } = await call('flowscope_findNonFinite', { path: file });
    assert.match(sentence, /first appears in coupling 5\. The stored tensor couplings\.4\.net\.0\.weight/);
    assert.equal(report.pass.layer?.name, 'couplings.4');
    const sound = await call('flowscope_findNonFinite', { path: 'assistant/moons.flow.safetensors' });
    assert.match(sound.sentence, /^Every value of \d+ layers is finite/);
  });

  it('say what is wrong with an input in words that a model can act on', async () => {
    await assert.rejects(
      call('flowscope_summarizeCheckpoint', { path: 'no/such.flow.safetensors' }),
      /no\/such\.flow\.safetensors does not exist\. Looked for: .*Give the path/,
    );
    await assert.rejects(
      call('flowscope_scoreFile', { path: 'assistant/moons.flow.safetensors', draws: 0, data: 'moons' }),
      /"draws" is 0; expected >=1.*Its parameters: path, data/,
    );
    await assert.rejects(
      call('flowscope_scoreFile', { path: 'assistant/moons.flow.safetensors' }),
      /give "data" FILE, or "split" train or validation/,
    );
  });

  it('stop when the chat is cancelled', async () => {
    const source = new vscode.CancellationTokenSource();
    const scoring = call(
      'flowscope_scoreFile',
      { path: 'assistant/digits.flow.safetensors', data: 'digits', draws: 64 },
      source.token,
    );
    setTimeout(() => source.cancel(), 1000);
    await assert.rejects(scoring, /cancel/i);
  });

  it('say before they run which files they read and where the answer goes', async () => {
    const { invocationMessage, confirmationMessages } = await prepare('flowscope_scoreFile', {
      path: 'assistant/moons.flow.safetensors',
      data: 'assistant/points.csv',
    });
    const file = path.join(folder(), 'points.csv');
    assert.ok(typeof invocationMessage === 'string' && invocationMessage.includes(file));
    const { value } = confirmationMessages!.message as vscode.MarkdownString;
    assert.ok(value.includes(file) && value.includes(path.join(folder(), 'moons.flow.safetensors')));
    assert.match(confirmationMessages!.title, /Score examples/);
    assert.match(value, /stay on this machine and nothing is written/);
  });

  it('state in the manifest the input that is checked', async () => {
    const { inputSchemas } = await import('../../src/extension/assistant/input');
    const { languageModelTools } = (ours().packageJSON as { contributes: Contributes }).contributes;
    assert.deepEqual(
      languageModelTools.map(({ name }) => name),
      [...toolNames],
    );
    for (const { name, inputSchema, toolReferenceName, canBeReferencedInPrompt } of languageModelTools) {
      const { entries } = inputSchemas[name as keyof typeof inputSchemas];
      assert.deepEqual(Object.keys(inputSchema.properties), Object.keys(entries), name);
      for (const [key, { description }] of Object.entries(inputSchema.properties))
        assert.ok(description.length > 20, `${name}: ${key}`);
      assert.ok(canBeReferencedInPrompt && /^[a-zA-Z]+$/.test(toolReferenceName));
    }
  });
});

type Report = Required<CheckpointReport> & ScoreReport & Required<NonFiniteReport>;

interface Contributes {
  languageModelTools: {
    name: string;
    toolReferenceName: string;
    canBeReferencedInPrompt: boolean;
    inputSchema: { properties: Record<string, { description: string }> };
  }[];
}
