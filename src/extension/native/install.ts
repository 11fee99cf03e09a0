/** Install Native TensorFlow: runs the native ladder in a child process, with progress and a way out. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { type CancellationToken, l10n, ProgressLocation, window } from 'vscode';
import type { NativeChildMessage } from '../../protocol/native';
import { CancelledError, fromErrorData } from '../../protocol/wire';
import { nodeEnvironment } from '../engine/engine-process';
import { nativeInstallFolder } from '../engine/environment';
import { formatBytes } from '../localized-format';
import { log } from '../log';
import { offer } from '../offer';
import type { Services } from '../services/services';
import { mayRun } from '../trust';

let running: Promise<void> | undefined;

export async function installNative(services: Services): Promise<void> {
  if (!(await mayRun(l10n.t('Installing native TensorFlow')))) return;
  // A second call joins the first: two downloads into one folder make no sense.
  running ??= install(services).finally(() => (running = undefined));
  await running;
}

async function install(services: Services): Promise<void> {
  const folder = nativeInstallFolder(services.context);
  const script = path.join(services.context.extensionPath, 'dist', 'native.js');
  const outcome = await window.withProgress(
    { location: ProgressLocation.Notification, title: l10n.t('Native TensorFlow'), cancellable: true },
    (progress, cancellation) =>
      runChild(script, folder, (message) => progress.report({ message }), cancellation),
  );
  if (!outcome.tensorflow) {
    const reasons = outcome.failures.map(({ rung, reason }) => `${rung}: ${reason}`).join('; ');
    return offer(
      'warning',
      l10n.t(
        'Native TensorFlow is not available on this machine ({0}). Flowscope keeps using ONNX Runtime.',
        reasons,
      ),
      { [l10n.t('Show Log')]: () => log().show() },
    );
  }
  await services.inspection.restart();
  void window.showInformationMessage(
    outcome.cached
      ? l10n.t('Native TensorFlow {0} is already installed and works.', outcome.tensorflow)
      : l10n.t('Native TensorFlow {0} is installed. New trainings will use it.', outcome.tensorflow),
  );
}

function runChild(
  script: string,
  folder: string,
  report: (message: string) => void,
  cancellation: CancellationToken,
): Promise<Extract<NativeChildMessage, { kind: 'done' }>> {
  return new Promise((resolve, reject) => {
    const env = nodeEnvironment({ FLOWSCOPE_NATIVE: folder });
    const child = fork(script, [], { env, execArgv: [], serialization: 'advanced', silent: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => log().info(`native: ${text.trimEnd()}`));
    }
    cancellation.onCancellationRequested(() => {
      if (child.connected) child.disconnect();
      setTimeout(() => child.kill('SIGKILL'), 5000).unref();
    });
    child.on('message', (message: NativeChildMessage) => {
      if (message.kind === 'log') log().info(`native: ${message.line}`);
      if (message.kind === 'progress') report(progressLine(message));
      if (message.kind === 'failed') reject(fromErrorData(message.error));
      if (message.kind === 'done') resolve(message);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(
        cancellation.isCancellationRequested
          ? new CancelledError()
          : new Error(l10n.t('The installation ended early ({0}).', signal ?? `code ${code}`)),
      ),
    );
  });
}

function progressLine({ message, bytes, total }: Extract<NativeChildMessage, { kind: 'progress' }>): string {
  if (bytes === undefined) return message;
  return `${message} ${formatBytes(bytes)}${total ? ` of ${formatBytes(total)}` : ''}`;
}
