/** Two-dimensional flows: the points after each layer over the bent grid or the density, and one point's path. */
import type { PlaneView } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { BehindPoints } from './behind';
import { cellsOf } from './bent-cells';
import { PlaneBoard } from './board';
import { usePlayer } from './player';
import { Probe } from './probe';
import { Walk } from './walk';
import { planeState } from './state';
import { latest } from '../../base/store/question';
import { useFeature } from '../../base/store/use-store';
import { layerPhrase } from '../../base/layers/layer-names';
import { text } from './text';

export function PlaneTab({ model, view }: { model: ModelSummary; view: PlaneView }) {
  const planes = useFeature(planeState);
  const last = view.points.length - 1;
  usePlayer(last);
  const stage = Math.min(last, planes.stage.value);
  const stageName =
    stage === 0
      ? text.dataSpace
      : stage === last
        ? text.latentSpace
        : text.afterLayer(layerPhrase(model.layers[stage - 1]!, model));
  const bad = !view.points[stage]!.data.every(Number.isFinite);
  const cells =
    planes.behind.value === 'grid' ? cellsOf(view, stage, latest(planes.cells.answer.value)) : undefined;
  return (
    <>
      <p class="muted">
        {stageName}, {text.planeNote(stage, last)}
      </p>
      <div class="plane-view flex-wrap">
        <PlaneBoard model={model} view={view} stageName={stageName} cells={cells} />
        <div class="note">
          <BehindPoints cells={cells} letter={stage === 0 ? 'x' : stage === last ? 'z' : 'h'} />
          {bad ? <p class="bad">NaN, ∞</p> : null}
          <Probe model={model} stage={stage} last={last} />
        </div>
      </div>
      <Walk model={model} last={last} stageName={stageName} />
    </>
  );
}
