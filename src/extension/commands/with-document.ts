import { randomUUID } from 'node:crypto';
import { ProgressLocation, type Uri, window, workspace } from 'vscode';
import type { ModelDocument } from '../editor/model-document';
import type { Parts } from '../services/parts';

/** Work on a model with a progress message and a cancel button. */
export function withDocument<T>(
  { inspector }: Parts,
  model: Uri,
  title: string,
  work: (document: ModelDocument, token: string) => Promise<T>,
): Promise<T> {
  const token = randomUUID();
  return inspector.use(model, async (document) =>
    withCancel(
      `${title}: ${workspace.asRelativePath(model)}`,
      () => document.cancel(token),
      () => work(document, token),
    ),
  );
}

/** Work with a progress message and a button that cancels it. */
export function withCancel<T>(title: string, cancel: () => unknown, work: () => Promise<T>): Thenable<T> {
  return window.withProgress(
    { location: ProgressLocation.Notification, title, cancellable: true },
    (_, cancellation) => {
      cancellation.onCancellationRequested(cancel);
      return work();
    },
  );
}
