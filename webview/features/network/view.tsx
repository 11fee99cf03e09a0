/** The network behind the layer: its feature maps, its norms, and its parameters with a picture of each. */
import { useEffect, useRef } from 'preact/hooks';
import type { NetworkView } from '../../../src/protocol/inspect';
import type { LayerInfo } from '../../../src/protocol/model';
import { useStore, useFeature, Asked, Message } from '../../base/store/use-store';
import { text } from './text';
import { FeatureMaps } from './feature-maps';
import { NormComparison } from './norm-comparison';
import { TensorRows } from './tensor-rows';
import { WeightPicture } from './weight-picture';
import { networkState } from './state';

export function NetworkTab({ layer, view }: { layer: LayerInfo; view: NetworkView }) {
  const { connection } = useStore();
  const network = useFeature(networkState);
  const { parameters, state, stages, norms } = view;
  const short = (name: string): string =>
    name.startsWith(`${layer.name}.`) ? name.slice(layer.name.length + 1) : name;
  const choice = network.weightChoice.value;
  const shown = choice?.layer === layer.index ? choice : undefined;
  const pane = useRef<HTMLElement>(null);
  // The row that was chosen may be far below.
  useEffect(() => pane.current?.scrollIntoView({ block: 'nearest' }), [shown?.name]);
  if (parameters.length === 0 && state.length === 0)
    return <Message title={text.noParameters} why={text.noParametersWhy} />;
  return (
    <div class="conditioner">
      {connection.choices ? <p class="tick">{text.notInSavedPage}</p> : null}
      {stages.length === 0 ? null : <FeatureMaps layer={layer} stages={stages} />}
      {norms.length === 0 ? null : <NormComparison layer={layer} norms={norms} short={short} />}
      {shown ? (
        <section class="picture-pane" aria-label={short(shown.name)} ref={pane}>
          <header>
            <h3 class="mono">{short(shown.name)}</h3>
            <button
              type="button"
              class="text-button"
              aria-label={text.closePicture}
              title={text.closePicture}
              onClick={() => (network.weightChoice.value = undefined)}
            >
              ×
            </button>
          </header>
          <Asked
            question={network.weight}
            skeleton={<div class="skeleton pulse" style={{ height: '240px' }} />}
          >
            {(weight) => <WeightPicture choice={shown} view={weight} />}
          </Asked>
        </section>
      ) : null}
      {parameters.length ? (
        <TensorRows layer={layer} title={text.parameters} rows={parameters} short={short} withHistogram />
      ) : null}
      {state.length ? <TensorRows layer={layer} title={text.state} rows={state} short={short} /> : null}
    </div>
  );
}
