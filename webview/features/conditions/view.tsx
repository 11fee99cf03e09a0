/** What a conditional flow makes of its conditions. */
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { MapSkeleton } from '../../base/layers/layer-tab';
import { useFeature, Asked } from '../../base/store/use-store';
import { Listens } from './listens';
import { PictureRows } from './picture-rows';
import { SideBySide, SideBySideControls } from './side-by-side';
import { conditionsState } from './state';

export function ConditionsTab({ model, layer }: { model: ModelSummary; layer: LayerInfo }) {
  const { use, sideBySide } = useFeature(conditionsState);
  return (
    <>
      <Asked question={use} skeleton={<MapSkeleton />}>
        {(found) => <Listens {...{ model, layer }} use={found} />}
      </Asked>
      <section class="at-conditions below">
        <SideBySideControls model={model} />
        <Asked question={sideBySide} skeleton={<MapSkeleton />}>
          {(found) =>
            model.kind === 'image' ? (
              <PictureRows {...{ model, found }} />
            ) : (
              <SideBySide {...{ model, found }} />
            )
          }
        </Asked>
      </section>
    </>
  );
}
