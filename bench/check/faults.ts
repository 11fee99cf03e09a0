/** Plants faults in flows that are right, and counts what a check finds, names and names wrongly. */
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { stream } from '../../src/data/random';
import { effectiveCount } from '../../src/base/effective-count';
import { efficiencyOf, fitTail, orderOf } from '../../src/engine/check/weights';
import type { Backend } from '../../src/engine/backends/backend';
import {
  againstDrawn,
  checkPlanted,
  isOff,
  kinds,
  type DrawnOptions,
  type Fault,
  type Kind,
} from '../../test/engine/check/planted';

const draws = 4096;

/** Faults of a kind of flow in one of its five layers; those that have no layer come once in five. */
function faultsOf(kind: Kind, layer: number): Fault[] {
  const spline = kind === 'NSF' || kind === 'conditional';
  return [
    { kind: 'stretch', layer, by: 1.1 },
    { kind: 'stretch', layer, by: 0.9 },
    { kind: 'shift', layer, by: 0.15 },
    { kind: 'weights', layer, by: 0.15 },
    ...(spline ? [{ kind: 'bound', layer, by: 3 } as const] : []),
    ...(layer === 0 ? [{ kind: 'mode', share: 0.1 } as const, { kind: 'edge', share: 0.02 } as const] : []),
    ...(layer === 0 && kind === 'conditional' ? [{ kind: 'condition', by: 1.5 } as const] : []),
    { kind: 'shift', layer, by: -0.15 },
    ...(layer === 0 ? [{ kind: 'mode', share: 0.2 } as const] : []),
  ];
}

/** Whether the interval of the efficiency holds the truth, for a standard normal flow of a target with the variance s² in the plane. */
function coverage(seed: number): void {
  const pilots = 300;
  for (const n of [1000, 5000]) {
    for (const variance of [1.2, 1.4, 1.6, 1.8, 2.5]) {
      const truth = Math.max(0, variance * (2 - variance));
      let [held, plain] = [0, 0];
      for (let pilot = 0; pilot < pilots; pilot++) {
        const x = stream(seed, 'pilot', n, variance, pilot).normal(2 * n);
        const logWeights = Float64Array.from(
          { length: n },
          (_, i) => ((x[2 * i]! ** 2 + x[2 * i + 1]! ** 2) / 2) * (1 - 1 / variance) - Math.log(variance),
        );
        const order = orderOf(logWeights);
        const draw = stream(seed, 'interval', pilot);
        const { low, high } = efficiencyOf(logWeights, order, fitTail(logWeights, order), draw);
        if (low <= truth && truth <= high) held++;
        const again = Float64Array.from({ length: 200 }, () => {
          const drawn = Float64Array.from({ length: n }, () => Math.exp(logWeights[draw.integer(n)]!));
          return effectiveCount(drawn) / n;
        }).sort();
        if (again[10]! <= truth && truth <= again[189]!) plain++;
      }
      const share = (count: number): string => `${((100 * count) / pilots).toFixed(0)}%`;
      console.log(
        `${n} draws, truth ${truth.toFixed(2)}: held by ${share(held)}, by a bootstrap ${share(plain)}`,
      );
    }
  }
}

/** Right flows, and flows with a fault, against 3,000 examples: how often any number is off. */
async function examples(backend: Backend, runs: number): Promise<void> {
  const faults: Record<string, Partial<DrawnOptions>> = {
    none: {},
    'stretched by 1.1': { fault: { kind: 'stretch', layer: 2, by: 1.1 } },
    'shifted by 0.15': { fault: { kind: 'shift', layer: 2, by: 0.15 } },
    'condition times 1.5': { wrong: 1.5 },
  };
  for (const [name, fault] of Object.entries(faults))
    for (const kind of Object.keys(kinds) as Kind[]) {
      if (name.startsWith('condition') && kind !== 'conditional') continue;
      const off = new Map<string, number>();
      for (let run = 0; run < runs; run++) {
        const { tests, local } = await againstDrawn(backend, { kind, seed: 2000 + run, ...fault });
        const found = tests.filter((one) => one.off).map((one): string => one.kind);
        if (local && local.pValue <= 0.01) found.push('local');
        for (const one of [...found, ...(found.length > 0 ? ['any'] : [])])
          off.set(one, (off.get(one) ?? 0) + 1);
      }
      const counts = [...off].map(([test, count]) => `${test} ${count}`).join(', ');
      console.log(`${name}, ${kind}: ${counts || 'nothing'} off of ${runs}`);
    }
}

async function main(): Promise<void> {
  const [what = 'faults', from = '0'] = process.argv.slice(2);
  if (what === 'coverage') {
    coverage(Number(from));
    return;
  }
  const backend = await createOnnxRuntimeBackend({ threads: 2, reason: 'bench' });
  if (what === 'examples') {
    await examples(backend, Number(from));
    return;
  }
  const rows = [];
  const all = Object.keys(kinds) as Kind[];
  if (what === 'faults') {
    for (const kind of all)
      for (let layer = 0; layer < 5; layer++)
        for (const [i, fault] of faultsOf(kind, layer).entries()) {
          const seed = Number(from) + 100 * layer + i;
          const { report, layer: planted } = await checkPlanted(backend, kind, fault, { seed, draws });
          const { blame, efficiency } = report;
          const first = blame?.layers.reduce((a, b) => (b.explained > a.explained ? b : a));
          const row = {
            ...{
              kind,
              fault: fault.kind,
              planted,
              off: isOff(report),
              efficiency: Number(efficiency.value.toFixed(3)),
            },
            ...{
              named: blame?.named ?? -1,
              first: first?.layer ?? -1,
              explained: Number(first?.explained.toFixed(3)),
              sure: blame?.sure,
              removed: blame?.layers
                .filter((one) => one.removed !== undefined)
                .map(({ layer: at, explained, removed }) => [
                  at,
                  Number(explained.toFixed(3)),
                  Number(removed!.toFixed(3)),
                ]),
            },
            by: report.findings.filter(({ severity }) => severity !== 'ok').map((finding) => finding.kind),
          };
          rows.push(row);
          console.log(JSON.stringify(row));
        }
    const inLayer = rows.filter(({ planted }) => planted >= 0);
    const named = rows.filter(({ named: one }) => one >= 0);
    const right = named.filter(({ named: one, planted }) => one === planted);
    console.log(
      `${rows.filter(({ off }) => off).length} of ${rows.length} found; ${right.length} of ${inLayer.length} layers named, ${named.length - right.length} wrongly`,
    );
  } else {
    const runs = Number(what);
    let off = 0;
    for (let run = 0; run < runs; run++) {
      const kind = all[run % all.length]!;
      const { report } = await checkPlanted(
        backend,
        kind,
        { kind: 'none' },
        { seed: Number(from) + 5000 + run, draws },
      );
      if (isOff(report)) {
        off++;
        console.log(
          kind,
          run,
          report.findings.filter(({ severity }) => severity !== 'ok').map(({ sentence }) => sentence),
        );
      }
    }
    console.log(`${off} of ${runs} right flows called off`);
  }
  await backend.dispose();
}

void main();
