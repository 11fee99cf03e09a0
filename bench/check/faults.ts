/** Plants faults in flows that are right, and counts what a check finds, names and names wrongly. */
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { stream } from '../../src/data/random';
import { effectiveCount } from '../../src/base/effective-count';
import { efficiencyOf, fitTail, orderOf } from '../../src/engine/check/weights';
import { checkPlanted, isOff, kinds, type Fault, type Kind } from '../../test/engine/check/planted';

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

async function main(): Promise<void> {
  const [what = 'faults', from = '0'] = process.argv.slice(2);
  if (what === 'coverage') {
    coverage(Number(from));
    return;
  }
  const backend = await createOnnxRuntimeBackend({ threads: 2, reason: 'bench' });
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
