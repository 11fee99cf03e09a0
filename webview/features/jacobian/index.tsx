import { Asked } from '../../base/store/asked';
import type { LayerFeature } from '../../base/store/store';
import { useFeature } from '../../base/store/use-store';
import { text } from './text';
import { hasJacobian } from '../../../src/protocol/questions';
import { MapSkeleton } from '../../base/layers/map-skeleton';
import { words } from '../../base/words';
import { jacobianNumbers } from './numbers';
import { jacobianState } from './state';
import { JacobianTab } from './view';
import './style.css';

export const jacobian: LayerFeature = {
  id: 'jacobian',
  region: 'layer',
  asks: 'jacobian',
  title: () => text.tab,
  state: jacobianState,
  missing(layer) {
    if (layer.lacksJacobian) return { title: words.notInRecording, why: words.largeJacobian };
    return hasJacobian(layer) ? undefined : { title: text.noJacobian, why: text.noJacobianWhy };
  },
  View: ({ model, layer }) => (
    <Asked
      question={useFeature(jacobianState).jacobian}
      skeleton={<MapSkeleton />}
      failedTitle={text.noJacobianHere}
    >
      {(view) => <JacobianTab model={model} layer={layer} view={view} />}
    </Asked>
  ),
  numbers: jacobianNumbers,
};
