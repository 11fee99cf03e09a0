/** Flows held against themselves: what was planted is found, and where it is in a layer, that layer is named. bench/check counts more. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { stream } from '../../../src/data/random';
import { report } from '../../../src/engine/check/report';
import type { CheckReport } from '../../../src/protocol/check';
import { checkPlanted, isOff } from './planted';

let backend: Backend;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
});
after(() => backend.dispose());

const offIn = ({ findings }: CheckReport): string[] =>
  findings.filter(({ severity }) => severity !== 'ok').map(({ kind }) => kind);

const sentenceOf = ({ findings }: CheckReport): string =>
  findings.find(({ kind }) => kind === 'missed')!.sentence;

describe('a check', () => {
  it('finds nothing in a flow that is its own target', async () => {
    const { report } = await checkPlanted(backend, 'MAF', { kind: 'none' }, { seed: 1, draws: 2000 });
    assert.ok(!isOff(report), JSON.stringify(report.findings));
    assert.ok(report.efficiency.value > 0.9999);
    assert.ok(Math.abs(report.logEvidence.value) < 1e-4);
    assert.ok(Math.abs(report.rows!.logEvidence.value) < 1e-4);
  });

  it('names the layer that stretches, and by how much', async () => {
    const fault = { kind: 'stretch', layer: 2, by: 1.1 } as const;
    const { report, layer } = await checkPlanted(backend, 'NSF', fault, { seed: 200, draws: 4096 });
    const { blame, worst } = report;
    assert.equal(blame?.named, layer);
    const row = blame.layers.find((one) => one.layer === layer)!;
    assert.ok(row.removed! > 0.95 && row.explained > 0.9, JSON.stringify(row));
    for (const { stretch, shift } of row.change!) {
      assert.ok(Math.abs(stretch - 1.1) < 0.015, `stretches by ${stretch}`);
      assert.ok(Math.abs(shift) < 0.1);
    }
    assert.ok(offIn(report).includes('layer'));
    // What a change of that layer explains of a draw is nearly all of its log weight.
    const place = blame.layers.indexOf(row);
    const missed = worst.filter(({ kind, layers }) => kind === 'missed' && layers);
    for (const { logWeight, layers } of missed)
      assert.ok(Math.abs(layers![place]! - logWeight!) < 0.5 * logWeight!);
  });

  it('counts what leaks over an edge, and knows a mode by rows alone', async () => {
    const edge = await checkPlanted(
      backend,
      'RealNVP',
      { kind: 'edge', share: 0.02 },
      { seed: 4, draws: 2000 },
    );
    const { share, error } = edge.report.leakage;
    assert.ok(Math.abs(share - 0.02) < 4 * error + 0.002, `${share}`);
    assert.ok(offIn(edge.report).includes('leakage'));
    const mode = await checkPlanted(
      backend,
      'RealNVP',
      { kind: 'mode', share: 0.1 },
      { seed: 4, draws: 2000 },
    );
    assert.deepEqual(offIn(mode.report), ['missed']);
    const { rows, logEvidence } = mode.report;
    assert.ok(Math.abs(logEvidence.value - Math.log(0.9)) < 0.02);
    assert.ok(Math.abs(rows!.logEvidence.value) < 0.02);
  });

  it('knows a missed part from mass that the flow has where the target has none', async () => {
    // Normal densities around 0 and 12, which hardly overlap.
    const [draws, count] = [5000, 2000];
    const at = (name: string, n: number, far: number): Float32Array => {
      const noise = stream(1, name).normal(n);
      return Float32Array.from(noise, (v, i) => v + (i + 1 <= far * n ? 12 : 0));
    };
    const logOf = (x: Float32Array, far: number): Float64Array =>
      Float64Array.from(x, (v) =>
        Math.log((1 - far) * Math.exp(-(v ** 2) / 2) + far * Math.exp(-((v - 12) ** 2) / 2)),
      );
    const reported = async (flow: number, target: number): Promise<CheckReport> => {
      const [x, theirs] = [at('draws', draws, flow), at('rows', count, target)];
      const logQ = logOf(x, flow);
      const logWeights = logOf(x, target).map((p, i) => p - logQ[i]!);
      const rows = { x: theirs, logP: logOf(theirs, target), logQ: logOf(theirs, flow) };
      return report({ count: draws, x, logQ, logWeights, nonFinite: 0 }, { seed: 1, names: ['x'], rows });
    };
    const missed = await reported(1e-6, 0.1);
    assert.ok(offIn(missed).includes('missed'), JSON.stringify(missed.findings));
    assert.match(sentenceOf(missed), /the flow never draws about (9|10|11)% of the target/);
    const tooMuch = await reported(0.1, 1e-6);
    assert.ok(!offIn(tooMuch).includes('missed'), sentenceOf(tooMuch));
    for (const { rows, logEvidence } of [missed, tooMuch])
      assert.ok(
        Math.abs(rows!.logEvidence.value) < 5 * rows!.logEvidence.error + 1e-3,
        `${logEvidence.value}`,
      );
  });
});
