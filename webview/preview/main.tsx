/** Starts the data preview: asks the host, draws what it answers. */
import { render } from 'preact';
import { holdWhilePressed } from '../base/controls/press';
import { registerControls } from '../base/controls/toolkit';
import { App } from './app';
import { connect } from './host';
import { pageState } from './page-state';
import './preview.css';

holdWhilePressed();
registerControls();
const { host, kept, keep } = connect(() => page.read());
const page = pageState(host, kept.choices, (choices) => keep({ choices }));
void host.source().then((source) => keep({ source }));
page.read();
render(<App page={page} />, document.getElementById('root') ?? document.body);
