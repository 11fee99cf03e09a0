/** Starts the data preview: asks the host, draws what it answers. */
import { render } from 'preact';
import { holdWhilePressed } from '../base/controls/press';
import { registerControls } from '../base/controls/toolkit';
import { App } from './app';
import { connect } from './host';
import { previewQuestion } from './state';
import './preview.css';

holdWhilePressed();
registerControls();
const { host, saveState } = connect(() => question.ask());
const question = previewQuestion(host);
void host.source().then((source) => saveState({ source }));
question.ask();
render(<App host={host} question={question} />, document.getElementById('root') ?? document.body);
