/* global require, exports, process */
// Debugs with the debugpy of the Python that has the libraries of flows.
const { debug, DebugAdapterExecutable } = require('vscode');

exports.activate = ({ subscriptions }) => {
  const adapter = new DebugAdapterExecutable(process.env.FLOWSCOPE_PEERS_PYTHON, ['-m', 'debugpy.adapter']);
  const factory = { createDebugAdapterDescriptor: () => adapter };
  subscriptions.push(debug.registerDebugAdapterDescriptorFactory('debugpy', factory));
};
