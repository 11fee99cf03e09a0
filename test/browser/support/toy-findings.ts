/** The toy flow's findings: the product's own checks over what the toy flow does. */
import { judge } from '../../../src/engine/inspect/findings/judge';
import type { LayerObservations } from '../../../src/engine/inspect/findings/observations';
import type { Findings, FindingsQuery } from '../../../src/protocol/findings';
import type { ToyFlow } from './toy-flow';

export function toyFindings(flow: ToyFlow, query: FindingsQuery): Findings {
  const passes = flow.batch(query).map((x) => flow.forward(x));
  const layers = flow.layers.map((layer, k): LayerObservations => {
    const own = passes.map((pass) => pass.passes[k]!);
    const low = (values: Iterable<number>): number => Math.min(...values);
    const high = (values: Iterable<number>): number => Math.max(...values);
    const all = own.flatMap(({ x }) => [...x]);
    const s = own.flatMap((pass) => [...(pass.s ?? [])]);
    const t = own.flatMap((pass) => [...(pass.t ?? [])]);
    const spread = (pick: 's' | 't'): number =>
      high(
        [...own[0]![pick]!].map(
          (_, i) => high(own.map((p) => p[pick]![i]!)) - low(own.map((p) => p[pick]![i]!)),
        ),
      );
    return {
      info: layer.info,
      input: { low: low(all), high: high(all) },
      ...(s.length > 0
        ? {
            quantities: [
              {
                name: 's',
                role: 'logScale' as const,
                range: { low: low(s), high: high(s) },
                change: spread('s'),
              },
              {
                name: 't',
                role: 'shift' as const,
                range: { low: low(t), high: high(t) },
                change: spread('t'),
              },
            ],
          }
        : {}),
      alone: 5e-7,
      fromLatent: 2e-6,
    };
  });
  const sorted = Float32Array.from(passes.flatMap(({ latent }) => [...latent])).sort();
  return {
    count: passes.length,
    findings: judge({
      unit: flow.summary.levels ? 'bits/dim' : 'nats',
      dimensions: sorted.length / passes.length,
      count: passes.length,
      ofData: query.batch.split !== 'sample',
      layers,
      norms: [],
      latents: [{ scale: 0, sorted }],
      saturates: false,
    }),
  };
}
