/** The texts of `format`, in the language of VS Code. */
import { env, l10n } from 'vscode';
import type { TrainProgress } from '../protocol/engine';
import { languageOf } from '../protocol/language';
import * as format from './format';

const words: format.FormatWords = {
  noValidation: l10n.t('no validation yet'),
  saving: l10n.t('saving…'),
  preparing: l10n.t('preparing…'),
  left: l10n.t('{0} left'),
  decimalMark: languageOf(env.language) === 'de' ? ',' : '.',
};

export const formatBest = (best: format.Best | undefined): string => format.formatBest(best, words);

export const formatProgress = (
  title: string,
  progress: TrainProgress | undefined,
  stopping: boolean,
): string => format.formatProgress(title, progress, stopping, words);

export const formatBytes = (bytes: number): string => format.formatBytes(bytes, words);
