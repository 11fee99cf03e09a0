/** What a page answers that has neither VS Code nor an engine of its own around it. */
import type { PageHost } from '../../../src/protocol/webview';
import { words } from '../words';
import { NotRecordedError } from './page-api';

/** @param answers to the questions, and what ends one */
export function standAloneHost(answers: Pick<PageHost, 'ask'> & Partial<Pick<PageHost, 'cancel'>>): PageHost {
  return {
    async cancel() {},
    async showLog() {},
    async command() {},
    async openCheckpoint() {},
    async chooseModel() {
      return undefined;
    },
    async comparables() {
      return { runs: [], recent: [] };
    },
    async control() {
      throw new NotRecordedError(words.notRecorded);
    },
    async copyText(copied) {
      await navigator.clipboard.writeText(copied);
    },
    async outline() {},
    async selected() {},
    chooseData: () => Promise.reject(new NotRecordedError(words.notRecorded)),
    chooseTarget: () => Promise.reject(new NotRecordedError(words.notRecorded)),
    addData: () => Promise.reject(new NotRecordedError(words.notRecorded)),
    async save(name, bytes) {
      const url = URL.createObjectURL(new Blob([bytes.slice()]));
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      return true;
    },
    ...answers,
  };
}
