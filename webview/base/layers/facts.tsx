/** What a layer adds to log p(x), and how exactly it is inverted. */
import type { LayerInfo } from '../../../src/protocol/model';
import { scientific, signed } from '../format/numbers';
import type { ShownLayer } from '../store/layer-view';
import { useStore } from '../store/use-store';
import { words } from '../words';
import { isSumOfScales } from './layer-names';
import { Pairs } from '../controls/pairs';

export function Facts({ layer, view }: { layer: LayerInfo; view: ShownLayer }) {
  const store = useStore();
  const part = view.logDetExample;
  const facts: [string, string][] = [
    [
      store.example.value ? words.logDetThis : words.logDetFirst,
      part ? `${signed(part.coupling + part.norm, 2)} ${words.nats}` : '–',
    ],
  ];
  if (part && layer.coupling !== undefined) {
    if (!layer.preservesVolume)
      facts.push([
        isSumOfScales(layer) ? words.couplingSum : words.couplingAxis,
        `${signed(part.coupling, 2)} ${words.nats}`,
      ]);
    if (layer.hasNorm) facts.push([words.norm, `${signed(part.norm, 2)} ${words.nats}`]);
  }
  facts.push([words.roundTrip, scientific(view.roundTrip)]);
  return <Pairs class="facts labeled" of={facts} />;
}
