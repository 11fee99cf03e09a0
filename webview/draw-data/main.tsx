/** Starts the page on which data are drawn. */
import { render } from 'preact';
import { holdWhilePressed } from '../base/controls/press';
import { registerControls } from '../base/controls/toolkit';
import { followTheme } from '../base/canvas/theme';
import { App } from './app';
import { connect } from './host';
import './draw-data.css';

holdWhilePressed();
registerControls();
followTheme();
const { host, loadState, saveState } = connect();
render(
  <App host={host} start={loadState()} keep={saveState} />,
  document.getElementById('root') ?? document.body,
);
