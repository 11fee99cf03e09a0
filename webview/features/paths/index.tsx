import { hasPaths, type FieldPaths } from '../../../src/protocol/field';
import { layerTab } from '../../base/layers/layer-tab';
import type { LayerFeature } from '../../base/store/store';
import { vector, type ViewData } from '../../base/view-data/view-data';
import { pathsState } from './state';
import { text } from './text';
import { PathsTab } from './view';

/** One row for each example, the selected one first. */
const pathNumbers = ({ times, states, straightness }: FieldPaths): ViewData => ({
  columns: [{ name: 'length_by_chord', values: straightness }],
  arrays: { t: vector(times), paths: states, length_by_chord: vector(straightness) },
});

export const paths: LayerFeature = {
  id: 'paths',
  region: 'layer',
  asks: 'fieldPaths',
  title: () => text.tab,
  applies: hasPaths,
  ofData: true,
  state: pathsState,
  ...layerTab((store) => store.state(pathsState).paths, PathsTab, pathNumbers),
};
