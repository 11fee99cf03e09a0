/** The inspector's answers inside of a page, for a recording: built for the browser, and read by the page under one global name. */
import { readSafetensorsBytes } from '../checkpoint/tensors/safetensors';
import type { InPageEngine } from '../protocol/in-page';
import type { BackendInfo } from '../protocol/model';
import { createInspector } from './inspect/inspector';
import { openRecording } from './recorded-flow/open-recording';

/** Nothing computes here. */
const backend: BackendInfo = { name: 'onnxruntime', library: '', threads: 1, reason: '' };

const engine: InPageEngine = {
  async open(name, bytes, running) {
    const model = await openRecording(await readSafetensorsBytes(name, bytes), backend, { running });
    return createInspector('page', model);
  },
};

Object.assign(globalThis, { flowscopeEngine: engine });
