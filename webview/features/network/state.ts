/** What the layer's tabs ask for on demand. Choices name their layer, so that they end when another is selected. */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import {
  type ActivityView,
  type AxisRole,
  type FeatureView,
  type WeightView,
} from '../../../src/protocol/conditioner';
import type { Selection } from '../../../src/protocol/inspect';
import { usualBlock, type JacobianView } from '../../../src/protocol/jacobian';
import type { LayerInfo } from '../../../src/protocol/model';
import { hasJacobian, jacobianQuery } from '../../../src/protocol/questions';
import { wholeMap, type MapView } from '../../base/canvas/map-view';
import { windowOfWeight } from '../../../src/protocol/weight-window';
import type { RangeChoice } from '../activations/colour-ranges';
import { ask, type Question, type QuestionContext } from '../../base/store/question';

export interface WeightChoice {
  layer: number;
  name: string;
  shape: number[];
  axes: AxisRole[];
  /** First index along each axis; of an axis that is shown as a whole, 0. */
  from: number[];
}

export interface LayerTabsState {
  /** What is seen of the layer's maps; of another layer, all. */
  mapView: Signal<MapView & { layer: number }>;
  mapRange: Signal<RangeChoice>;
  /** The element under the pointer. */
  pointed: Signal<{ tensor: string; index: number } | undefined>;
  weightChoice: Signal<WeightChoice | undefined>;
  weight: Question<WeightView>;
  stage: Signal<{ layer: number; stage: string; offset: number } | undefined>;
  features: Question<FeatureView>;
  /** The layer whose norms are compared with the batch, and the norm whose channels are listed. */
  compared: Signal<{ layer: number; norm: number; offset: number } | undefined>;
  activity: Question<ActivityView>;
  jacobianOrder: Signal<'passing' | 'own'>;
  /** Elements of the block, of layers with more than are shown at once. */
  jacobianCount: Signal<number>;
  jacobian: Question<JacobianView>;
}

interface Chosen {
  selection: ReadonlySignal<Selection | null>;
  info: ReadonlySignal<LayerInfo | undefined>;
  tab: ReadonlySignal<string>;
  marked: ReadonlySignal<number>;
  /** A saved page holds the block around the first element that moves. */
  recorded: boolean;
}

export function createLayerTabsState(
  context: QuestionContext,
  { selection, info, tab, marked, recorded }: Chosen,
): LayerTabsState {
  const weightChoice = signal<WeightChoice | undefined>(undefined);
  const stage = signal<{ layer: number; stage: string; offset: number } | undefined>(undefined);
  const compared = signal<{ layer: number; norm: number; offset: number } | undefined>(undefined);
  const jacobianCount = signal(usualBlock);
  const onNetwork = <C extends { layer: number }>(choice: C | undefined): C | undefined =>
    tab.value === 'network' && selection.value && choice?.layer === info.value?.index ? choice : undefined;
  // Other parts of the choice do not ask anew.
  const comparedLayer = computed(() => onNetwork(compared.value)?.layer);
  return {
    mapView: signal({ ...wholeMap, layer: -1 }),
    mapRange: signal<RangeChoice>('most'),
    pointed: signal<{ tensor: string; index: number } | undefined>(undefined),
    weightChoice,
    stage,
    compared,
    jacobianOrder: signal<'passing' | 'own'>('passing'),
    jacobianCount,
    weight: ask(context, 'weight', () => {
      const choice = onNetwork(weightChoice.value);
      return choice ? { layer: choice.layer, name: choice.name, ...windowOfWeight(choice) } : null;
    }),
    features: ask(context, 'features', () => {
      const choice = onNetwork(stage.value);
      return choice ? { ...selection.value!, ...choice } : null;
    }),
    activity: ask(context, 'activity', () => {
      const layer = comparedLayer.value;
      const chosen = selection.value;
      return layer !== undefined && chosen ? { layer, batch: chosen.batch, mode: chosen.mode } : null;
    }),
    jacobian: ask(context, 'jacobian', () =>
      tab.value === 'jacobian' && selection.value && info.value && hasJacobian(info.value)
        ? jacobianQuery(selection.value, info.value, recorded ? -1 : marked.value, jacobianCount.value)
        : null,
    ),
  };
}
