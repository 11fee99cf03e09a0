import { Asked } from '../../base/store/asked';
import type { LayerFeature } from '../../base/store/store';
import { useFeature } from '../../base/store/use-store';
import { text } from './text';
import { isPlane } from '../../../src/protocol/questions';
import { planeIsLong, planeView } from '../../base/store/plane-view';
import { planeNumbers } from './numbers';
import { planeState } from './state';
import { PlaneTab } from './view';
import './style.css';

export const plane: LayerFeature = {
  id: 'plane',
  region: 'layer',
  title: () => text.tab,
  applies: isPlane,
  state: planeState,
  panel: 'plane-panel flex-column',
  ofData: true,
  View: ({ model }) => (
    <Asked question={useFeature(planeView)} longBecause={planeIsLong(model)}>
      {(view) => <PlaneTab model={model} view={view} />}
    </Asked>
  ),
  numbers: planeNumbers,
};
