/** Saved pages of the toy flow, as files. */
import fs from 'node:fs';
import path from 'node:path';
import { inspectorHtml } from '../../../src/inspector-html/shell';
import { recordPlan } from '../../../src/protocol/questions';
import { encodeRecorded } from '../../../src/protocol/recorded';
import { recordKey, type RecordedPage } from '../../../src/protocol/webview';
import { ToyFlow, type ToyOptions } from './toy-flow';

export const nonce = 'dGVzdC1ub25jZS10ZXN0LW5vbmNl';

export function recordedOf(flow: ToyFlow): RecordedPage {
  const { choices, questions } = recordPlan(flow.summary);
  const answers = Object.fromEntries(
    questions.map(({ method, query }) => [recordKey(method, query), flow.answer(method, query)]),
  );
  return { version: 1, answers, choices };
}

/** The page's script and style as they were built by the test's set-up. */
export interface Bundle {
  script: string;
  style: string;
}

export function writeRecorded(
  folder: string,
  name: string,
  bundle: Bundle,
  page: RecordedPage,
  theme?: 'light' | 'dark' | 'high-contrast',
): string {
  const file = path.join(folder, `${name}.html`);
  fs.writeFileSync(
    file,
    inspectorHtml({
      title: name,
      nonce,
      inlineScript: bundle.script,
      inlineStyle: bundle.style,
      recorded: encodeRecorded(page),
      theme,
    }),
  );
  return file;
}

const made = new Map<string, RecordedPage>();

/** Computed once for each kind of flow; a copy, so that a test may leave answers out. */
export function recordedToy(options: ToyOptions): RecordedPage {
  const key = JSON.stringify(options);
  const page = made.get(key) ?? recordedOf(new ToyFlow(options));
  made.set(key, page);
  return { ...page, answers: { ...page.answers } };
}
