/** What a saved page holds of the networks behind the layers, as far as there is room for it. */
import type { NetworkView } from './inspect';
import { hasConditioner, type ModelSummary } from './model';
import type { Question } from './inspector-questions';
import type { RecordedChoices } from './questions';
import { windowOfWeight } from './weight-window';

/**
 * The first window of each weight, the first page of each feature map of the first example, and the norms compared with the
 * batch: the layer that the page opens with first.
 */
export function insidePlan(
  summary: ModelSummary,
  { examples, batches }: RecordedChoices,
  networkOf: (layer: number) => NetworkView | undefined,
): Question[] {
  const [example] = examples;
  const [batch] = batches;
  if (!batch) return [];
  const first = summary.layers.find(hasConditioner);
  const layers = [...summary.layers].sort((a, b) => Number(b === first) - Number(a === first));
  return layers.flatMap(({ index: layer }) => {
    const network = networkOf(layer);
    if (!network) return [];
    const weights = network.parameters.flatMap(({ name, shape, axes }): Question[] => {
      if (!axes) return [];
      const from = shape.map(() => 0);
      return [{ method: 'weight', query: { layer, name, ...windowOfWeight({ shape, axes, from }) } }];
    });
    const features = network.stages.map(({ name }): Question => ({
      method: 'features',
      query: { example, batch, mode: 'eval', layer, stage: name, offset: 0 },
    }));
    const norms: Question[] =
      network.norms.length > 0 ? [{ method: 'activity', query: { layer, batch, mode: 'eval' } }] : [];
    return [...features, ...norms, ...weights];
  });
}
