import { l10n, MarkdownString, StatusBarAlignment, type StatusBarItem, window } from 'vscode';
import type { Disposable } from '../disposable';
import { type Debounced, debounce } from '../debounce';
import { isPaused } from '../format';
import { formatBest, formatTrainings } from '../localized-format';
import type { Training, Trainings } from './trainings';

/** One item for all trainings, there only while something trains. */
export class TrainingStatusBar implements Disposable {
  private item: StatusBarItem | undefined;
  private readonly subscription: Disposable;
  private readonly later: Debounced;
  private shownCount = 0;

  constructor(private readonly trainings: Trainings) {
    // A small flow makes hundreds of steps a second, faster than anyone can read.
    const later = debounce(() => this.update(), 50);
    this.later = later;
    this.subscription = trainings.onDidChange(() => {
      if (trainings.list.length === (this.item ? this.shownCount : 0)) later.call();
      else this.update();
    });
    this.update();
  }

  /** What is shown now; undefined while nothing trains. */
  get text(): string | undefined {
    return this.item?.text;
  }

  dispose(): void {
    this.subscription.dispose();
    this.later.dispose();
    this.item?.dispose();
    this.item = undefined;
  }

  private update(): void {
    const { list } = this.trainings;
    this.shownCount = list.length;
    if (list.length === 0) {
      this.item?.dispose();
      this.item = undefined;
      return;
    }
    if (!this.item) {
      this.item = window.createStatusBarItem('flowscope.training', StatusBarAlignment.Left, 0);
      this.item.name = l10n.t('Flowscope Training');
      this.item.command = 'flowscope.trainingActions';
      this.item.show();
    }
    const text = formatTrainings(list);
    this.item.text = `$(${list.every(isPaused) ? 'debug-pause' : 'pulse'}) ${text}`;
    this.item.accessibilityInformation = {
      label: list.length === 1 ? l10n.t('Training {0}', text) : text,
      role: 'button',
    };
    this.item.tooltip = tooltip(list);
  }
}

function tooltip(trainings: Training[]): MarkdownString {
  const text = new MarkdownString();
  for (const training of trainings) {
    const { title, progress, folder } = training;
    text.appendMarkdown('**');
    text.appendText(title);
    text.appendMarkdown('**');
    if (isPaused(training)) text.appendText(` · ${l10n.t('paused')}`);
    text.appendMarkdown('\n\n');
    if (progress) {
      const { step, totalSteps, best } = progress;
      text.appendText(
        best
          ? l10n.t('step {0} of {1}, best {2} at step {3}', step, totalSteps, formatBest(best), best.step)
          : l10n.t('step {0} of {1}, {2}', step, totalSteps, formatBest(best)),
      );
      const { backend } = progress;
      if (backend) text.appendMarkdown('\n\n').appendText(`${backend.library} (${backend.reason})`);
      text.appendMarkdown('\n\n');
    }
    text.appendText(folder);
    text.appendMarkdown('\n\n');
  }
  return text.appendMarkdown(
    l10n.t('Click to pause, stop, change the learning rate, or open the best checkpoint so far.'),
  );
}
