/** What a conditional flow makes of its conditions. */
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { isPlane } from '../../../src/protocol/questions';
import { MapSkeleton } from '../../base/layers/map-skeleton';
import { Asked } from '../../base/store/asked';
import { useFeature } from '../../base/store/use-store';
import { Densities, DensityControls } from './densities';
import { Listens } from './listens';
import { conditionsState } from './state';

export function ConditionsTab({ model, layer }: { model: ModelSummary; layer: LayerInfo }) {
  const { use, densities } = useFeature(conditionsState);
  return (
    <>
      <Asked question={use} skeleton={<MapSkeleton />}>
        {(found) => <Listens {...{ model, layer }} use={found} />}
      </Asked>
      {isPlane(model) ? (
        <section class="at-conditions">
          <DensityControls model={model} />
          <Asked question={densities} skeleton={<MapSkeleton />}>
            {(found) => <Densities {...{ model, found }} />}
          </Asked>
        </section>
      ) : null}
    </>
  );
}
