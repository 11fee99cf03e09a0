/** What a layer adds to log p(x), and how exactly it is inverted. */
import type { LayerInfo } from '../../../src/protocol/model';
import { scientific, signed } from '../format/numbers';
import type { ShownLayer } from '../store/layer-view';
import { useStore } from '../store/use-store';
import { text } from '../../strings';

export function Facts({ layer, view }: { layer: LayerInfo; view: ShownLayer }) {
  const store = useStore();
  const part = view.logDetExample;
  const facts: [string, string][] = [
    [
      store.example.value ? text.layer.logDetThis : text.layer.logDetFirst,
      part ? `${signed(part.coupling + part.norm, 2)} ${text.strip.nats}` : '–',
    ],
  ];
  if (part && layer.coupling !== undefined) {
    facts.push([text.layer.couplingSum, `${signed(part.coupling, 2)} ${text.strip.nats}`]);
    if (layer.hasNorm) facts.push([text.strip.norm, `${signed(part.norm, 2)} ${text.strip.nats}`]);
  }
  facts.push([text.strip.roundTrip, scientific(view.roundTrip)]);
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
