import { hasConditions } from '../../../src/protocol/questions';
import type { LayerFeature } from '../../base/store/store';
import { conditionNumbers } from './numbers';
import { conditionsState } from './state';
import { text } from './text';
import { ConditionsTab } from './view';
import './style.css';

export const conditions: LayerFeature = {
  id: 'conditions',
  region: 'layer',
  title: () => text.tab,
  applies: hasConditions,
  ofData: true,
  state: conditionsState,
  View: ({ model, layer }) => <ConditionsTab model={model} layer={layer} />,
  numbers: conditionNumbers,
};
