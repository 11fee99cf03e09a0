/** A saved page answers from what it holds; nothing is fetched and nothing computed. */
import { decodeRecorded } from '../../src/protocol/recorded';
import { recordKey, type PageHost } from '../../src/protocol/webview';
import { text } from '../strings';
import { NotRecordedError, type Connection } from './page-api';

export function connectRecorded(element: Element): Connection {
  const page = decodeRecorded(element.textContent);
  const host: PageHost = {
    async ask(method, query) {
      const answer = page.answers[recordKey(method, query)];
      if (answer === undefined) throw new NotRecordedError(text.notRecorded);
      return answer as never;
    },
    async cancel() {},
    async showLog() {},
    async command() {},
    async openCheckpoint() {},
    async save(name, bytes) {
      const url = URL.createObjectURL(new Blob([bytes.slice()]));
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      return true;
    },
  };
  return { host, choices: page.choices, loadState: () => undefined, saveState: () => {}, listen: () => {} };
}
