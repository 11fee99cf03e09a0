/** What the chat shows before and while a tool runs: which files it reads, and where its answer goes. */
import { l10n, MarkdownString, type PreparedToolInvocation } from 'vscode';
import { checkInput } from './input';
import { resolveData, resolvePath } from './paths';
import type { ToolName } from './tool-names';

/** @throws UserError for an input that the tool cannot use, before the user is asked to confirm it */
export async function prepare(name: ToolName, input: unknown): Promise<PreparedToolInvocation> {
  const { path, data }: { path: string; data?: string } = checkInput(name, input);
  const files = [await resolvePath(path), ...(data === undefined ? [] : [await resolveData(data)])];
  const message = new MarkdownString();
  message.appendMarkdown(l10n.t('Flowscope reads, on this machine:')).appendMarkdown('\n\n');
  for (const file of files) message.appendCodeblock(file, 'text');
  message.appendMarkdown(
    l10n.t(
      "The files stay on this machine and nothing is written. The report (numbers, and the names of layers and columns) is sent to the chat's language model.",
    ),
  );
  const { title, doing } = words(name);
  return { invocationMessage: `${doing}: ${files.join(', ')}`, confirmationMessages: { title, message } };
}

const words = (name: ToolName): { title: string; doing: string } =>
  ({
    flowscope_summarizeCheckpoint: {
      title: l10n.t('Summarize a checkpoint?'),
      doing: l10n.t('Reading the checkpoint'),
    },
    flowscope_scoreFile: { title: l10n.t('Score examples with a flow?'), doing: l10n.t('Scoring examples') },
    flowscope_findNonFinite: {
      title: l10n.t('Look for NaN in a flow?'),
      doing: l10n.t('Looking for NaN and Inf'),
    },
  })[name];
